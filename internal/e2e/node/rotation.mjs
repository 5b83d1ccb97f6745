// Resource servers that hold the key set for its max-age, and judge every token
// that they are given: one line in, one line out. Run by cluster_rotation_test.go.
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { JwksClient } from 'jwks-rsa'
import { createPublicKey } from 'node:crypto'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { jwks, issuer, audience, max_age: seconds } = JSON.parse((await lines.next()).value)
const expected = { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] }
const hold = seconds * 1000

// jose does not ask again within the cooldown, whatever kid it meets.
const set = createRemoteJWKSet(new URL(jwks), { cacheMaxAge: hold, cooldownDuration: hold, timeoutDuration: 30000 })
const client = new JwksClient({ jwksUri: jwks, cache: true, cacheMaxAge: hold, timeout: 30000 })

const judges = {
  jose: (token) => jwtVerify(token, set, expected),
  'jwks-rsa': async (token) => {
    const key = await client.getSigningKey(decodeProtectedHeader(token).kid)
    return jwtVerify(token, createPublicKey(key.getPublicKey()), expected)
  },
}

for await (const line of lines) {
  const { token } = JSON.parse(line)
  const verdicts = {}
  for (const [name, judge] of Object.entries(judges)) {
    verdicts[name] = await judge(token).then(() => '', (err) => `${err.name}: ${err.message}`)
  }
  process.stdout.write(JSON.stringify(verdicts) + '\n')
}
