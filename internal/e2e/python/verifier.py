"""Resource servers, each with its library's own key handling."""

import jwt
import requests
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

JWKS = "/.well-known/jwks.json"


class PyJWT:
    name = "PyJWT"
    Refusal = jwt.PyJWTError

    def __init__(self, issuer: str, audience: str):
        self.keys = jwt.PyJWKClient(issuer + JWKS)
        self.issuer, self.audience = issuer, audience

    def verify(self, token: str) -> dict:
        key = self.keys.get_signing_key_from_jwt(token)
        return jwt.decode(
            token, key, algorithms=["RS256"], audience=self.audience, issuer=self.issuer,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
        )


class Validator(JWTBearerTokenValidator):
    """Authlib asks the application for the keys at each token."""

    def get_jwks(self):
        return KeySet.import_key_set(requests.get(self.issuer + JWKS, timeout=30).json())


class Authlib:
    name = "Authlib"
    Refusal = (InvalidTokenError, InsufficientScopeError, JoseError)

    def __init__(self, issuer: str, audience: str):
        self.validator = Validator(issuer=issuer, resource_server=audience)

    def verify(self, token: str, scopes=(), roles=()) -> dict:
        claims = self.validator.authenticate_token(token)
        self.validator.validate_token(claims, list(scopes), None, roles=list(roles))
        return claims


def verifiers(issuer: str, audience: str) -> list:
    return [PyJWT(issuer, audience), Authlib(issuer, audience)]
