// All that has to do with Signet: openid-client for the sign-in, jose for logout tokens.
import * as client from 'openid-client'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env
let config, keys

export async function discover() {
  const insecure = ISSUER.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : {}
  config = await client.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, client.ClientSecretBasic(CLIENT_SECRET), insecure)
  // After a forced rotation a logout token has a key that is not known yet: fetch sooner than after 30 s.
  keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri), { cooldownDuration: 2000 })
}

// begin returns where to send the browser, and what finish needs to know.
export async function begin(redirect_uri) {
  const begun = { verifier: client.randomPKCECodeVerifier(), nonce: client.randomNonce() }
  const state = client.randomState()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri, state, nonce: begun.nonce, scope: 'openid profile',
    code_challenge: await client.calculatePKCECodeChallenge(begun.verifier), code_challenge_method: 'S256',
  })
  return { url: url.href, state, begun }
}

// finish redeems the code. openid-client checks state, iss, nonce and the ID token's claims.
export async function finish(url, { verifier, nonce }, state) {
  const got = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true,
  })
  const { sub, sid } = got.claims()
  const { preferred_username } = await client.fetchUserInfo(config, got.access_token, sub)
  return { user: { sub, sid, name: preferred_username ?? sub }, tokens: keep(got) }
}

const keep = (got, last = {}) => ({
  access: got.access_token,
  refresh: got.refresh_token ?? last.refresh,
  id: got.id_token ?? last.id,
  expires: Date.now() + got.expiresIn() * 1000,
})

// refresh renews the access token of a session shortly before its end.
export async function refresh(session) {
  if (session.tokens.expires - Date.now() > 10_000) return
  session.tokens = keep(await client.refreshTokenGrant(config, session.tokens.refresh), session.tokens)
}

// sessionEnded tells the end of the session from everything else that goes wrong.
export const sessionEnded = (err) => err instanceof client.ResponseBodyError && err.error === 'invalid_grant'

// logoutURL is where the browser signs out of Signet, too (OpenID Connect RP-Initiated Logout 1.0).
export const logoutURL = (id_token_hint, post_logout_redirect_uri) =>
  client.buildEndSessionUrl(config, { post_logout_redirect_uri, ...(id_token_hint && { id_token_hint }) }).href

const event = 'http://schemas.openid.net/event/backchannel-logout'

// readLogoutToken verifies a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6).
export async function readLogoutToken(token) {
  try {
    const { payload } = await jwtVerify(token ?? '', keys, {
      issuer: ISSUER, audience: CLIENT_ID, typ: 'logout+jwt', algorithms: ['RS256'], requiredClaims: ['iat', 'exp', 'jti', 'sid'],
    })
    if (typeof payload.events?.[event] !== 'object' || 'nonce' in payload) return { status: 400 }
    return { status: 200, sid: payload.sid }
  } catch (err) {
    // Without the key nothing is known: Signet tries again later.
    const unknown = !(err instanceof errors.JOSEError) || ['ERR_JWKS_NO_MATCHING_KEY', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC'].includes(err.code)
    return { status: unknown ? 503 : 400 }
  }
}
