"""Which sessions have ended: the issuer's status lists (draft-ietf-oauth-status-list)."""

import base64
import threading
import time
import zlib
from dataclasses import dataclass

import httpx
import jwt

LARGEST = 1 << 20  # bytes of a list, unpacked
RETRY = 5  # seconds between two tries while a list cannot be fetched


class Unavailable(Exception):
    """Nothing is known about the session."""


@dataclass
class Known:
    bits: bytes
    fresh_until: float
    good_until: float


class StatusLists:
    """Fetches each list once in its time to live. While that fails, the last one
    serves until it expires: a logout is then heard late, but nobody is turned away."""

    def __init__(self, issuer: str, keys: jwt.PyJWKClient):
        self.issuer, self.keys = issuer, keys
        self.known: dict[str, Known] = {}
        self.lock = threading.Lock()

    def ended(self, claims: dict) -> bool:
        """Says whether the session behind a token's claims has ended."""
        place = claims.get("status", {}).get("status_list")
        if place is None:  # a token that is not a user's
            return False
        bits = self.bits_of(place["uri"])
        byte, bit = divmod(place["idx"], 8)
        if byte >= len(bits):
            raise Unavailable("the list is too short")
        return bool(bits[byte] >> bit & 1)

    def bits_of(self, uri: str) -> bytes:
        with self.lock:  # one fetch for all who wait
            known = self.known.get(uri)
            if known is None or known.fresh_until <= time.time():
                known = self.known[uri] = self.renew(uri, known)
            return known.bits

    def renew(self, uri: str, last: Known | None) -> Known:
        now = time.time()
        try:
            return self.fetch(uri, now)
        except (httpx.HTTPError, jwt.PyJWTError, zlib.error, ValueError, KeyError) as e:
            if last is None or last.good_until <= now:
                raise Unavailable(uri) from e
            return Known(last.bits, now + RETRY, last.good_until)

    def fetch(self, uri: str, now: float) -> Known:
        if not uri.startswith(self.issuer + "/"):
            raise ValueError("not one of the issuer's lists")
        token = httpx.get(uri, timeout=5).raise_for_status().text
        decoded = jwt.decode_complete(
            token, self.keys.get_signing_key_from_jwt(token), algorithms=["RS256"], issuer=self.issuer,
            subject=uri, options={"require": ["iss", "sub", "iat", "exp"]}, leeway=30,
        )
        claims = decoded["payload"]
        if decoded["header"].get("typ") != "statuslist+jwt" or claims["status_list"]["bits"] != 1:
            raise ValueError("not a status list of one bit each")
        text = claims["status_list"]["lst"]
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        bits = zlib.decompressobj().decompress(packed, LARGEST)
        return Known(bits, min(claims["iat"], now) + claims["ttl"], claims["exp"])
