"""A resource server that holds the key set for its max-age, and judges every
token that it is given: one line in, one line out. Run by cluster_rotation_test.go.
"""

import json
import sys

import jwt

settings = json.loads(sys.stdin.readline())
keys = jwt.PyJWKClient(settings["jwks"], cache_jwk_set=True, lifespan=settings["max_age"], timeout=30)


def judge(token: str) -> str:
    try:
        key = keys.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["RS256"], audience=settings["audience"], issuer=settings["issuer"])
    except jwt.PyJWTError as e:
        return f"{type(e).__name__}: {e}"
    return ""


for line in sys.stdin:
    print(json.dumps({"PyJWKClient": judge(json.loads(line)["token"])}), flush=True)
