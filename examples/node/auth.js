// Who may do what: access tokens of Signet, checked offline and by asking.
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { StatusLists, Unavailable } from './statuslist.js'

const { ISSUER, AUDIENCE, CLIENT_ID, CLIENT_SECRET, LEEWAY = '30' } = process.env

const keys = createRemoteJWKSet(new URL(ISSUER + '/.well-known/jwks.json'))
const lists = new StatusLists(ISSUER, keys)
const demands = {
  issuer: ISSUER,
  audience: AUDIENCE,
  typ: 'at+jwt',
  algorithms: ['RS256'],
  requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
  clockTolerance: Number(LEEWAY),
}

class Refusal extends Error {
  constructor(status, words, headers = {}) {
    super(words)
    Object.assign(this, { status, headers })
  }
}

const unauthorized = (words) =>
  new Refusal(401, words, { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${words}"` })

// Not knowing is never a no: a 401 would log the user out.
const unavailable = (words) => new Refusal(503, words, { 'Retry-After': '1' })

function bearerToken(req) {
  const token = req.get('authorization')?.match(/^bearer +([^ ]+) *$/i)?.[1]
  if (!token) throw new Refusal(401, 'Not authenticated', { 'WWW-Authenticate': 'Bearer' })
  return token
}

// Costs no network while the keys and the list are cached.
async function claimsOf(token) {
  try {
    return (await jwtVerify(token, keys, demands)).payload
  } catch (err) {
    if (err instanceof errors.JWTExpired) throw unauthorized('Token expired')
    if (withoutKeys(err)) throw unavailable("The issuer's keys cannot be had at the moment")
    throw unauthorized('Invalid token')
  }
}

// withoutKeys says whether an error is about the key set, not the token: no
// connection, no answer in time, or one that is not 200 with JSON.
function withoutKeys(err) {
  return !(err instanceof errors.JOSEError) || ['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC'].includes(err.code)
}

// demandSession looks the session up in the status list: a logout is heard within
// the list's time to live.
async function demandSession(claims) {
  try {
    if (!(await lists.ended(claims))) return
  } catch (err) {
    if (err instanceof Unavailable) throw unavailable('The status list cannot be had at the moment')
    throw err
  }
  throw unauthorized('Session ended')
}

// role demands a good token with one of the roles.
export const role = (...names) => async (req, res, next) => {
  req.claims = await claimsOf(bearerToken(req))
  await demandSession(req.claims)
  if (!names.some((name) => req.claims.roles?.includes(name))) throw new Refusal(403, 'Missing role: ' + names.join(' or '))
  next()
}

// liveSession asks the issuer (RFC 7662): a logout is heard at once.
export async function liveSession(req, res, next) {
  if ((await introspect(bearerToken(req))).active !== true) throw unauthorized('Session ended')
  next()
}

async function introspect(token) {
  const credentials = [CLIENT_ID, CLIENT_SECRET].map(encodeURIComponent).join(':') // RFC 6749 §2.3.1
  try {
    const answer = await fetch(ISSUER + '/oauth2/introspect', {
      method: 'POST',
      headers: { authorization: 'Basic ' + Buffer.from(credentials).toString('base64') },
      body: new URLSearchParams({ token }),
      signal: AbortSignal.timeout(5000),
    })
    if (!answer.ok) throw new Error('introspection: ' + answer.status)
    return await answer.json()
  } catch (cause) {
    console.error(cause.message)
    throw unavailable('The session cannot be checked at the moment')
  }
}

// refuse is the last of the app's handlers.
export function refuse(err, req, res, next) {
  if (!(err instanceof Refusal)) return next(err)
  res.status(err.status).set(err.headers).json({ detail: err.message })
}
