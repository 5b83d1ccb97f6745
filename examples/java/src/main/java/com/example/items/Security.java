package com.example.items;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthenticationToken;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.authentication.JwtGrantedAuthoritiesConverter;
import org.springframework.security.oauth2.server.resource.web.BearerTokenAuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;

/** Who may do what. */
@Configuration
class Security {
    private final JwtAuthenticationConverter toAuthentication = roles();
    private final BearerTokenAuthenticationEntryPoint challenge = new BearerTokenAuthenticationEntryPoint();

    @Bean
    SecurityFilterChain chain(HttpSecurity http, Issuer issuer) throws Exception {
        return http
                .csrf(AbstractHttpConfigurer::disable) // no cookies, no ambient authority
                .sessionManagement(s -> s.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .authorizeHttpRequests(a -> a
                        .requestMatchers("/notsecret", "/error").permitAll()
                        .requestMatchers(HttpMethod.GET, "/items").hasAnyRole("user", "admin")
                        .anyRequest().hasRole("admin"))
                .oauth2ResourceServer(o -> o
                        .authenticationManagerResolver(request -> managerFor(request, issuer))
                        .authenticationEntryPoint(this::refuse))
                .build();
    }

    /** What changes something also asks the issuer; reading is checked offline. */
    private AuthenticationManager managerFor(HttpServletRequest request, Issuer issuer) {
        boolean reads = HttpMethod.GET.matches(request.getMethod());
        return authentication -> {
            String token = ((BearerTokenAuthenticationToken) authentication).getToken();
            Jwt jwt = issuer.check(token);
            if (!reads) {
                issuer.demandLive(token);
            }
            return toAuthentication.convert(jwt);
        };
    }

    private static JwtAuthenticationConverter roles() {
        JwtGrantedAuthoritiesConverter roles = new JwtGrantedAuthoritiesConverter();
        roles.setAuthoritiesClaimName("roles");
        roles.setAuthorityPrefix("ROLE_");
        JwtAuthenticationConverter converter = new JwtAuthenticationConverter();
        converter.setJwtGrantedAuthoritiesConverter(roles);
        return converter;
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response, AuthenticationException e)
            throws IOException {
        if (e instanceof Issuer.Unavailable) {
            response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            response.setHeader("Retry-After", "1");
        } else {
            challenge.commence(request, response, e); // 401 and RFC 6750's header
        }
        response.setContentType("application/json");
        response.getWriter().write("{\"detail\":\"" + e.getMessage().replace('"', '\'').replace('\\', '/') + "\"}\n");
    }
}
