// A provider of OpenID Connect that is not Signet, where everybody gets in by the name that they
// type: PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.
import { randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'

const { PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env

const provider = new Provider(ISSUER, {
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `${id} at the company`, preferred_username: id }),
  }),
})
provider.listen(Number(PORT), '127.0.0.1')
