"""Who may do what: access tokens of Signet, checked offline and by asking."""

import os
from typing import Annotated

import httpx
import jwt
from fastapi import Depends, HTTPException
from fastapi.security import OAuth2PasswordBearer

import statuslist

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
LEEWAY = int(os.environ.get("LEEWAY", "30"))

# Swagger UI's "Authorize" sends its form here, straight from the browser: some
# client of the issuer must name this API's origin.
bearer = OAuth2PasswordBearer(tokenUrl=ISSUER + "/oauth2/token")
keys = jwt.PyJWKClient(ISSUER + "/.well-known/jwks.json", lifespan=300)
lists = statuslist.StatusLists(ISSUER, keys)
issuer = httpx.Client(base_url=ISSUER, timeout=5, auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]))


def unauthorized(words: str) -> HTTPException:
    challenge = f'Bearer error="invalid_token", error_description="{words}"'
    return HTTPException(401, words, {"WWW-Authenticate": challenge})


def unavailable(words: str) -> HTTPException:
    """Not knowing is never a no: a 401 would log the user out."""
    return HTTPException(503, words, {"Retry-After": "1"})


def caller(token: Annotated[str, Depends(bearer)]) -> dict:
    """The token's claims. Costs no network while the keys and the list are cached."""
    try:
        key = keys.get_signing_key_from_jwt(token)
        decoded = jwt.decode_complete(
            token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
        )
    except jwt.PyJWKClientConnectionError as e:
        raise unavailable("The issuer's keys cannot be had at the moment") from e
    except jwt.ExpiredSignatureError as e:
        raise unauthorized("Token expired") from e
    except jwt.PyJWTError as e:
        raise unauthorized("Invalid token") from e
    if str(decoded["header"].get("typ")).lower() not in ("at+jwt", "application/at+jwt"):
        raise unauthorized("Not an access token")
    demand_session(decoded["payload"])
    return decoded["payload"]


def demand_session(claims: dict) -> None:
    """Looks the session up in the status list: a logout is heard within its time to live."""
    try:
        if lists.ended(claims):
            raise unauthorized("Session ended")
    except statuslist.Unavailable as e:
        raise unavailable("The status list cannot be had at the moment") from e


def role(*names: str):
    """Demands one of the roles."""

    def check(claims: Annotated[dict, Depends(caller)]) -> dict:
        if not set(names) & set(claims.get("roles", [])):
            raise HTTPException(403, "Missing role: " + " or ".join(names))
        return claims

    return check


def live_session(token: Annotated[str, Depends(bearer)]) -> None:
    """Asks the issuer (RFC 7662): a logout is heard at once."""
    try:
        answer = issuer.post("/oauth2/introspect", data={"token": token}).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as e:
        raise unavailable("The session cannot be checked at the moment") from e
    if answer.get("active") is not True:
        raise unauthorized("Session ended")
