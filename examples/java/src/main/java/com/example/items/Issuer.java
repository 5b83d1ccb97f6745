package com.example.items;

import java.time.Duration;
import java.time.Instant;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.InvalidBearerTokenException;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OAuth2IntrospectionException;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.oauth2.server.resource.introspection.SpringOpaqueTokenIntrospector;
import org.springframework.stereotype.Component;

/** What the API asks about a token: the issuer's keys, and the issuer itself. */
@Component
class Issuer {
    /** Nothing is known about the token: never a 401, which would log the user out. */
    static class Unavailable extends AuthenticationException {
        Unavailable(String words, Throwable cause) {
            super(words, cause);
        }
    }

    private final NimbusJwtDecoder decoder;
    private final OpaqueTokenIntrospector introspector;

    Issuer(
            @Value("${ISSUER}") String issuer,
            @Value("${AUDIENCE}") String audience,
            @Value("${CLIENT_ID}") String clientId,
            @Value("${CLIENT_SECRET}") String clientSecret,
            @Value("${LEEWAY:30}") int leeway) {
        // The default takes typ JWT only; access tokens say at+jwt (RFC 9068).
        decoder = NimbusJwtDecoder.withJwkSetUri(issuer + "/.well-known/jwks.json")
                .jwsAlgorithm(SignatureAlgorithm.RS256)
                .validateType(false)
                .build();
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                new JwtTypeValidator("at+jwt", "application/at+jwt"),
                new JwtIssuerValidator(issuer),
                new JwtAudienceValidator(audience),
                notExpired(Duration.ofSeconds(leeway)),
                new JwtTimestampValidator(Duration.ofSeconds(leeway))));
        introspector = SpringOpaqueTokenIntrospector.withIntrospectionUri(issuer + "/oauth2/introspect")
                .clientId(clientId)
                .clientSecret(clientSecret)
                .build();
    }

    private static OAuth2TokenValidator<Jwt> notExpired(Duration leeway) {
        OAuth2Error expired = new OAuth2Error("invalid_token", "Token expired", null);
        return token -> token.getExpiresAt() == null || Instant.now().minus(leeway).isAfter(token.getExpiresAt())
                ? OAuth2TokenValidatorResult.failure(expired)
                : OAuth2TokenValidatorResult.success();
    }

    /** Checks a token offline: no network while the keys are cached. */
    Jwt check(String token) {
        try {
            return decoder.decode(token);
        } catch (JwtValidationException e) {
            throw new InvalidBearerTokenException(e.getErrors().iterator().next().getDescription(), e);
        } catch (BadJwtException e) {
            throw new InvalidBearerTokenException("Invalid token", e);
        } catch (JwtException e) {
            throw new Unavailable("The issuer's keys cannot be had at the moment", e);
        }
    }

    /** Asks whether the session behind a token lives (RFC 7662): a logout is heard at once. */
    void demandLive(String token) {
        try {
            introspector.introspect(token);
        } catch (BadOpaqueTokenException e) {
            throw new InvalidBearerTokenException("Session ended", e);
        } catch (OAuth2IntrospectionException e) {
            throw new Unavailable("The session cannot be checked at the moment", e);
        }
    }
}
