"""Signet's round, played by Authlib and requests-oauthlib as applications, and
by PyJWT and Authlib as resource servers. Run by foreign_test.go."""

import time

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session as Authlib
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, LegacyApplicationClient
from requests_oauthlib import OAuth2Session as Oauthlib

from conversation import ask, check, refused, settings
from verifier import verifiers

ISSUER, AUDIENCE = settings["issuer"], settings["audience"]
TOKEN, REVOKE, INTROSPECT = (ISSUER + "/oauth2/" + p for p in ("token", "revoke", "introspect"))
SCOPE = "openid profile email items:read items:write"
user, newcomer = settings["user"], settings["newcomer"]


class WithAuthlib:
    Refusal = OAuthError

    def __init__(self, client: dict, method="client_secret_basic"):
        self.name = "Authlib, post" if method == "client_secret_post" else "Authlib"
        self.session = Authlib(client["id"], client["secret"], token_endpoint=TOKEN, token_endpoint_auth_method=method)

    def password(self, who: dict, password=None) -> dict:
        return self.session.fetch_token(
            TOKEN, grant_type="password", username=who["name"], password=password or who["password"], scope=SCOPE)

    def client_credentials(self) -> dict:
        return self.session.fetch_token(TOKEN, grant_type="client_credentials", scope="items:read")

    def refresh(self, token: str) -> dict:
        return self.session.refresh_token(TOKEN, refresh_token=token)

    def introspect(self, token: str) -> dict:
        return self.session.introspect_token(INTROSPECT, token=token).json()

    def revoke(self, token: str) -> int:
        return self.session.revoke_token(REVOKE, token=token, token_type_hint="refresh_token").status_code


class WithOauthlib:
    name = "requests-oauthlib"
    Refusal = InvalidGrantError

    def __init__(self, client: dict, kind=LegacyApplicationClient, scope=SCOPE):
        self.client = client
        # The library raises where another scope is granted than the session's; it
        # does not send it by itself.
        self.session = Oauthlib(client=kind(client_id=client["id"]), scope=scope.split())

    def password(self, who: dict, password=None) -> dict:
        return self.session.fetch_token(
            TOKEN, username=who["name"], password=password or who["password"], scope=self.session.scope,
            client_id=self.client["id"], client_secret=self.client["secret"])

    def client_credentials(self) -> dict:
        return self.session.fetch_token(TOKEN, scope=self.session.scope, client_secret=self.client["secret"])

    def refresh(self, token: str) -> dict:
        return self.session.refresh_token(TOKEN, refresh_token=token, auth=(self.client["id"], self.client["secret"]))


def forged(token: str) -> str:
    header, payload, signature = token.split(".")
    return ".".join([header, payload[:-8] + "AAAAAAAA", signature])


def roles_of(token: str) -> list:
    claims = [v.verify(token) for v in warm]
    assert claims[0]["sub"] == claims[1]["sub"], claims
    return claims[0]["roles"]


def log_in(client) -> dict:
    answer = client.password(user)
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 900, answer
    assert answer["refresh_token"] and answer["id_token"], answer
    assert roles_of(answer["access_token"]) == ["editor"]
    refused(client.Refusal, lambda: client.password(user, "wrong"))
    return answer


def refresh(client, answer: dict) -> dict:
    fresh = client.refresh(answer["refresh_token"])
    assert fresh["refresh_token"] != answer["refresh_token"]
    assert fresh["access_token"] != answer["access_token"]
    assert roles_of(fresh["access_token"]) == ["editor"]
    refused(client.Refusal, lambda: client.refresh("no such token"))
    return fresh


def accepts_for_client(answer: dict) -> None:
    assert "refresh_token" not in answer, answer
    for v in warm:
        assert v.verify(answer["access_token"])["sub"] == settings["machine"]["id"], v.name


def refuses(verifier) -> None:
    for what, token in {
        "nonsense": "nonsense", "refresh token": answer["refresh_token"], "ID token": id_token,
        "another audience": stranger["access_token"], "forgery": forged(answer["access_token"]),
    }.items():
        try:
            refused(verifier.Refusal, lambda: verifier.verify(token))
        except Exception as e:
            raise AssertionError(what) from e


def refuses_expired(verifier) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            verifier.verify(settings["expired"])
        except verifier.Refusal:
            return
        assert time.monotonic() < deadline, "an expired token is accepted"
        time.sleep(0.1)


def rights() -> None:
    authlib, small = warm[1], WithAuthlib(settings["web"]).password(newcomer)["access_token"]
    authlib.verify(answer["access_token"], ["items:write"], ["editor"])
    refused(authlib.Refusal, lambda: authlib.verify(small, ["items:write"]))
    refused(authlib.Refusal, lambda: authlib.verify(small, [], ["editor"]))


def rotation() -> dict:
    old = answer["access_token"]
    ask("rotate")
    fresh = refresh(clients[0], answer)
    for v in warm + verifiers(ISSUER, AUDIENCE):
        for token in (old, fresh["access_token"]):
            assert v.verify(token)["roles"] == ["editor"], v.name
    return fresh


def introspection() -> None:
    for who in ("web", "resource"):
        said = WithAuthlib(settings[who]).introspect(answer["access_token"])
        assert said["active"] is True and said["roles"] == ["editor"] and said["aud"] == AUDIENCE, said
    assert WithAuthlib(settings["machine"]).introspect(answer["access_token"]) == {"active": False}
    assert WithAuthlib(settings["resource"]).introspect(forged(answer["access_token"])) == {"active": False}


def revocation() -> None:
    client = clients[0]
    for _ in range(2):  # RFC 7009 §2.2: again is no error
        assert client.revoke(answer["refresh_token"]) == 200
    refused(client.Refusal, lambda: client.refresh(answer["refresh_token"]))
    assert WithAuthlib(settings["resource"]).introspect(answer["access_token"]) == {"active": False}


warm = verifiers(ISSUER, AUDIENCE)  # they keep their keys through the whole round
clients = [WithOauthlib(settings["web"]), WithAuthlib(settings["web"], "client_secret_post"), WithAuthlib(settings["web"])]
for client in clients:
    answer = check(f"{client.name}: password", lambda: log_in(client))
    id_token = answer["id_token"]
    answer = check(f"{client.name}: refresh", lambda: refresh(client, answer))
clients.reverse()

machine = settings["machine"]
for client in (WithAuthlib(machine), WithOauthlib(machine, BackendApplicationClient, "items:read")):
    check(f"{client.name}: client credentials", lambda: accepts_for_client(client.client_credentials()))

stranger = WithAuthlib(settings["elsewhere"]).password(user)
for verifier in warm:
    check(f"{verifier.name}: refuses", lambda: refuses(verifier))
    check(f"{verifier.name}: refuses an expired token", lambda: refuses_expired(verifier))
check("Authlib: scopes and roles", rights)
answer = check("key rotation", rotation)
check("Authlib: introspection", introspection)
check("Authlib: revocation", revocation)
