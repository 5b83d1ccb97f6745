// The whole round of an application in the browser: discovery, the redirect with PKCE, the
// exchange of the code, a refresh, userinfo, and signing out. Libraries such as oidc-client-ts
// do this and more; here every step can be read.
"use strict";

const byId = (id) => document.getElementById(id);
const appURL = location.origin + location.pathname; // the redirect URI: byte for byte as registered
let config, issuer, tokens, name = "", refreshes = 0;

function base64url(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function decode(jwt) {
  const part = (n) => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(jwt.split(".")[n].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));
  return JSON.stringify({ header: part(0), claims: part(1) }, null, 2);
}

function fail(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
}

async function json(url, options) {
  const answer = await fetch(url, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error_description || body.error || "status " + answer.status);
  return body;
}

// RFC 7636: the verifier stays here, its hash goes along with the request.
async function signIn() {
  const begun = { state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem("begun", JSON.stringify(begun));
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(begun.verifier)));
  const request = new URLSearchParams({
    response_type: "code", client_id: config.client_id, redirect_uri: appURL, scope: config.scope,
    state: begun.state, nonce: begun.nonce, code_challenge: challenge, code_challenge_method: "S256",
  });
  if (config.resource) request.set("resource", config.resource);
  if (config.login_hint) request.set("login_hint", config.login_hint);
  location.assign(issuer.authorization_endpoint + "?" + request);
}

// What comes back is checked before it is used: our own state, and the issuer (RFC 9207).
async function finish(answer) {
  history.replaceState(null, "", appURL); // the code is gone from the address and from Back
  const begun = JSON.parse(sessionStorage.getItem("begun") || "null");
  sessionStorage.removeItem("begun");
  if (!begun || answer.get("state") !== begun.state || answer.get("iss") !== config.issuer) {
    throw new Error("this answer does not belong to a request of this page: please sign in again");
  }
  if (answer.has("error")) throw new Error(answer.get("error_description") || answer.get("error"));
  await ask({ grant_type: "authorization_code", code: answer.get("code"), redirect_uri: appURL, code_verifier: begun.verifier });
  const claims = JSON.parse(decode(tokens.id_token)).claims;
  if (claims.nonce !== begun.nonce) throw new Error("the ID token belongs to another request");
}

async function ask(parameters) {
  const body = new URLSearchParams({ client_id: config.client_id, ...parameters });
  tokens = { ...tokens, ...(await json(issuer.token_endpoint, { method: "POST", body })) };
  show();
}

function show() {
  byId("signed-out").hidden = Boolean(tokens);
  byId("signed-in").hidden = !tokens;
  if (!tokens) return;
  const claims = JSON.parse(decode(tokens.id_token)).claims;
  byId("name").textContent = name || claims.preferred_username || claims.name || claims.sub;
  byId("id-token").textContent = decode(tokens.id_token);
  byId("access-token").textContent = decode(tokens.access_token);
  byId("count").textContent = refreshes === 1 ? "Refreshed once." : refreshes ? "Refreshed " + refreshes + " times." : "";
}

async function refresh() {
  await ask({ grant_type: "refresh_token", refresh_token: tokens.refresh_token });
  refreshes++;
  show();
}

async function userinfo() {
  const answer = await json(issuer.userinfo_endpoint, { headers: { Authorization: "Bearer " + tokens.access_token } });
  byId("userinfo-answer").textContent = JSON.stringify(answer, null, 2);
  name = answer.name || answer.preferred_username;
  show();
}

function signOut() {
  location.assign(issuer.end_session_endpoint + "?" + new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: appURL }));
}

const guarded = (step) => async () => {
  byId("message").hidden = true;
  try { await step(); } catch (e) { fail(e.message); }
};

async function start() {
  config = await json("config.json");
  issuer = await json(config.issuer + "/.well-known/openid-configuration");
  byId("start").addEventListener("click", guarded(signIn));
  byId("refresh").addEventListener("click", guarded(refresh));
  byId("userinfo").addEventListener("click", guarded(userinfo));
  byId("logout").addEventListener("click", guarded(signOut));
  const answer = new URLSearchParams(location.search);
  if (answer.has("code") || answer.has("error")) await guarded(async () => { await finish(answer); await userinfo(); })();
  else if (answer.has("start")) { await signIn(); return; }
  show();
}

start().catch((e) => fail("Signet cannot be reached: " + e.message));
