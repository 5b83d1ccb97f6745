# pip install fastapi uvicorn httpx authlib itsdangerous
import os

from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_SECRET"], same_site="lax")
signet = OAuth().register(
    "signet",
    client_id="@CLIENT_ID@",
    client_secret=os.environ["OIDC_CLIENT_SECRET"],
    server_metadata_url="@ISSUER@/.well-known/openid-configuration",
    client_kwargs={"scope": "@SCOPE@", "code_challenge_method": "S256"},
)


@app.get("/login")
async def login(request: Request):
    return await signet.authorize_redirect(request, "@REDIRECT@")


@app.get("/callback")
async def callback(request: Request):
    tokens = await signet.authorize_access_token(request)
    request.session["sub"] = tokens["userinfo"]["sub"]
    return {"signed in": request.session["sub"]}
