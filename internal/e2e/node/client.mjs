// A client built on oauth4webapi: every answer goes through the library's own
// strict processing, and every access token through its RFC 9068 checks.
import * as oauth from 'oauth4webapi'

// The server under test speaks plain http on a loopback address.
const insecure = { [oauth.allowInsecureRequests]: true }

// discover reads one of the two discovery documents.
export async function discover(issuer, algorithm) {
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, { ...insecure, algorithm })
  return oauth.processDiscoveryResponse(url, response)
}

export class Client {
  constructor(as, { id, secret }, authentication = oauth.ClientSecretBasic) {
    this.as = as
    this.metadata = { client_id: id }
    this.authentication = authentication(secret)
  }

  // same is this client with other credentials or another way to present them.
  same(secret, authentication) {
    return new Client(this.as, { id: this.metadata.client_id, secret }, authentication)
  }

  async clientCredentials(parameters = {}) {
    const response = await oauth.clientCredentialsGrantRequest(this.as, this.metadata, this.authentication, parameters, insecure)
    return oauth.processClientCredentialsResponse(this.as, this.metadata, response)
  }

  // password logs in, and has the library check the ID token's signature too.
  async password(username, password, parameters = {}) {
    const response = await oauth.genericTokenEndpointRequest(
      this.as, this.metadata, this.authentication, 'password', { username, password, ...parameters }, insecure)
    const answer = await oauth.processGenericTokenEndpointResponse(this.as, this.metadata, response)
    if (answer.id_token) await oauth.validateApplicationLevelSignature(this.as, response, insecure)
    return answer
  }

  async refresh(token, additionalParameters) {
    const response = await oauth.refreshTokenGrantRequest(
      this.as, this.metadata, this.authentication, token, { ...insecure, additionalParameters })
    return oauth.processRefreshTokenResponse(this.as, this.metadata, response)
  }

  async introspect(token) {
    const response = await oauth.introspectionRequest(this.as, this.metadata, this.authentication, token, insecure)
    return oauth.processIntrospectionResponse(this.as, this.metadata, response)
  }

  async revoke(token, hint) {
    const additionalParameters = hint ? { token_type_hint: hint } : undefined
    const response = await oauth.revocationRequest(
      this.as, this.metadata, this.authentication, token, { ...insecure, additionalParameters })
    return oauth.processRevocationResponse(response)
  }

  async userinfo(token, subject) {
    const response = await oauth.userInfoRequest(this.as, this.metadata, token, insecure)
    return oauth.processUserInfoResponse(this.as, this.metadata, subject, response)
  }

  idClaims(answer) {
    return oauth.getValidatedIdTokenClaims(answer)
  }
}

// call spends a token at a resource server.
export function call(token, method, url) {
  return oauth.protectedResourceRequest(token, method, new URL(url), undefined, undefined, insecure)
}

export const { ClientSecretPost } = oauth
