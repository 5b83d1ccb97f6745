// Two resource servers that keep the key set with their libraries' defaults and
// count how often it is fetched.
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'

class Verifier {
  fetches = 0

  fetch = (url, options) => {
    this.fetches++
    return fetch(url, options)
  }
}

export class JoseVerifier extends Verifier {
  name = 'jose'

  constructor(as, audience) {
    super()
    this.keys = createRemoteJWKSet(new URL(as.jwks_uri), { [customFetch]: this.fetch })
    this.options = {
      issuer: as.issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['RS256'],
      requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    }
  }

  async verify(token) {
    const { payload } = await jwtVerify(token, this.keys, this.options)
    return payload
  }
}

export class OAuthVerifier extends Verifier {
  name = 'oauth4webapi'

  // The library keeps the key set by the metadata object: a copy starts afresh.
  constructor(as, audience) {
    super()
    this.as = { ...as }
    this.audience = audience
    this.options = {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: this.fetch,
      signingAlgorithms: ['RS256'],
    }
  }

  verify(token) {
    const request = new Request(this.audience, { headers: { authorization: `Bearer ${token}` } })
    return oauth.validateJwtAccessToken(this.as, request, this.audience, this.options)
  }
}

export function verifiers(as, audience) {
  return [new JoseVerifier(as, audience), new OAuthVerifier(as, audience)]
}
