// Resource servers on other libraries: each is an Express app with one route,
// guarded as its library's documentation says.
import { once } from 'node:events'
import express from 'express'
import { auth, claimIncludes, requiredScopes } from 'express-oauth2-jwt-bearer'
import jwksRsa from 'jwks-rsa'
import { Passport } from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'

// ResourceServer answers with the status that a token gets.
class ResourceServer {
  constructor(name, ...handlers) {
    this.name = name
    const app = express()
    app.get('/', ...handlers, (req, res) => res.json({ sub: (req.auth?.payload ?? req.user).sub }))
    app.use((err, req, res, next) => {
      res.status(err.status ?? 500).set(err.headers ?? {}).json({ error: err.message })
    })
    this.server = app.listen(0, '127.0.0.1')
    this.listening = once(this.server, 'listening')
  }

  async spend(token) {
    await this.listening
    const { port } = this.server.address()
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
    return { status: answer.status, body: await answer.text() }
  }

  close() {
    this.server.closeAllConnections()
    this.server.close()
  }
}

// The strict mode demands typ at+jwt and all claims of RFC 9068.
function bearer(issuer, audience) {
  return auth({ issuerBaseURL: issuer, audience, strict: true, tokenSigningAlg: 'RS256' })
}

function passport(issuer, audience) {
  const passport = new Passport()
  passport.use(new Strategy({
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: issuer + '/.well-known/jwks.json', cache: true, rateLimit: true }),
    issuer,
    audience,
    algorithms: ['RS256'],
  }, (claims, done) => done(null, claims)))
  return passport.authenticate('jwt', { session: false })
}

export function resourceServers(issuer, audience) {
  return [
    new ResourceServer('express-oauth2-jwt-bearer', bearer(issuer, audience)),
    new ResourceServer('passport-jwt with jwks-rsa', passport(issuer, audience)),
  ]
}

// rights are what express-oauth2-jwt-bearer can ask for beyond a good token.
export function rights(issuer, audience) {
  return [
    new ResourceServer('scope', bearer(issuer, audience), requiredScopes('items:write')),
    new ResourceServer('role', bearer(issuer, audience), claimIncludes('roles', 'editor')),
  ]
}
