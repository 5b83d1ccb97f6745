package com.example.web;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.web.SecurityFilterChain;

/** Sign-in, and the two ways of a logout: begun here, and heard of from Signet. */
@Configuration
class Security {
    @Bean
    SecurityFilterChain chain(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
        OidcClientInitiatedLogoutSuccessHandler signOutOfSignet = new OidcClientInitiatedLogoutSuccessHandler(clients);
        signOutOfSignet.setPostLogoutRedirectUri("{baseUrl}/");
        return http
                .authorizeHttpRequests(a -> a
                        .requestMatchers("/", "/error").permitAll()
                        .anyRequest().authenticated())
                .oauth2Login(Customizer.withDefaults()) // authorization code with PKCE, state and nonce
                .logout(l -> l.logoutSuccessHandler(signOutOfSignet))
                .oidcLogout(o -> o.backChannel(Customizer.withDefaults())) // /logout/connect/back-channel/signet
                .build();
    }
}
