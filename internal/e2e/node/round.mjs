// Signet's whole round, played by jose and oauth4webapi. Run by node_test.go.
import assert from 'node:assert/strict'
import { decodeProtectedHeader } from 'jose'
import { Client, ClientSecretPost, call, discover } from './client.mjs'
import { ask, check, finish, settings } from './conversation.mjs'
import { verifiers } from './verifier.mjs'

const { issuer, audience, api, web, machine, resource, user, newcomer } = settings
const kid = (answer) => decodeProtectedHeader(answer.access_token).kid
const everything = 'openid profile email items:read items:write'

// refusedWith demands an RFC 6749 §5.2 error body.
async function refusedWith(error, promise) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.error, error, err.stack)
    assert.equal(err.status, 400)
    return true
  })
}

// challengedWith demands a parsable WWW-Authenticate challenge (RFC 6750 §3).
async function challengedWith(status, scheme, error, promise) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.status, status, err.stack)
    assert.equal(err.cause.length, 1)
    assert.equal(err.cause[0].scheme, scheme)
    if (error) assert.equal(err.cause[0].parameters.error, error)
    return true
  })
}

const as = await check('discovery', async () => {
  const oidc = await discover(issuer, 'oidc')
  const rfc8414 = await discover(issuer, 'oauth2')
  for (const name of ['issuer', 'token_endpoint', 'jwks_uri', 'introspection_endpoint', 'revocation_endpoint']) {
    assert.ok(oidc[name], name)
    assert.equal(rfc8414[name], oidc[name], name)
  }
  assert.ok(oidc.userinfo_endpoint)
  for (const grant of ['password', 'refresh_token', 'client_credentials']) {
    assert.ok(oidc.grant_types_supported.includes(grant), grant)
  }
  return oidc
})

const warm = verifiers(as, audience) // they keep their keys through the whole round
const client = new Client(as, web)
const worker = new Client(as, machine)
const resourceServer = new Client(as, resource)

for (const [name, who] of [['basic', worker], ['post', worker.same(machine.secret, ClientSecretPost)]]) {
  await check(`client credentials, ${name}`, async () => {
    const answer = await who.clientCredentials({ scope: 'items:read' })
    assert.equal(answer.scope, 'items:read')
    assert.equal(answer.refresh_token, undefined) // RFC 6749 §4.4.3
    for (const verifier of warm) {
      const claims = await verifier.verify(answer.access_token)
      assert.equal(claims.sub, machine.id)
      assert.equal(claims.client_id, machine.id)
      assert.equal(claims.scope, 'items:read')
    }
  })
}

const login = await check('password', async () => {
  const answer = await client.password(user.name, user.password, { scope: everything })
  assert.equal(answer.scope, everything)
  assert.ok(answer.refresh_token)
  const id = client.idClaims(answer)
  for (const verifier of warm) {
    const claims = await verifier.verify(answer.access_token)
    assert.equal(claims.sub, id.sub)
    assert.equal(claims.client_id, web.id)
    assert.deepEqual(claims.roles, ['editor'])
  }
  return { ...answer, sub: id.sub }
})

await check('ID token is no access token', async () => {
  for (const verifier of warm) await assert.rejects(verifier.verify(login.id_token), verifier.name)
})

await check('userinfo', async () => {
  const info = await client.userinfo(login.access_token, login.sub)
  assert.equal(info.preferred_username, user.name)
  assert.equal(info.email, user.email)
})

await check('refused logins', async () => {
  await refusedWith('invalid_grant', client.password(user.name, 'not ' + user.password))
  await refusedWith('invalid_scope', client.password(user.name, user.password, { scope: 'items:delete' }))
  await refusedWith('unauthorized_client', worker.password(user.name, user.password))
  await challengedWith(401, 'basic', undefined, client.same('not ' + web.secret).password(user.name, user.password))
})

await check('the API takes the token', async () => {
  const response = await call(login.access_token, 'POST', api + '/items')
  assert.equal(response.status, 200)
  assert.equal((await response.json()).sub, login.sub)
})

await check('the API refuses', async () => {
  const small = await client.password(newcomer.name, newcomer.password, { scope: everything })
  assert.equal(small.scope, 'openid profile email items:read') // items:write needs a role
  await challengedWith(403, 'bearer', 'insufficient_scope', call(small.access_token, 'POST', api + '/items'))
  await challengedWith(401, 'bearer', 'invalid_token', call(login.id_token, 'GET', api + '/items'))
})

let current = await check('refresh', async () => {
  const answer = await client.refresh(login.refresh_token)
  assert.notEqual(answer.refresh_token, login.refresh_token)
  assert.notEqual(answer.access_token, login.access_token)
  for (const verifier of warm) assert.equal((await verifier.verify(answer.access_token)).sub, login.sub)
  return answer
})

await check('refresh repeats its answer', async () => {
  const again = await client.refresh(login.refresh_token)
  assert.equal(again.refresh_token, current.refresh_token)
})

await check('refresh narrows, never widens', async () => {
  await refusedWith('invalid_scope', client.refresh(current.refresh_token, { scope: 'items:delete' }))
  current = await client.refresh(current.refresh_token, { scope: 'items:read' })
  assert.equal(current.scope, 'items:read')
  current = await client.refresh(current.refresh_token)
  assert.equal(current.scope, everything)
})

await check('introspection', async () => {
  for (const who of [client, resourceServer]) {
    const answer = await who.introspect(current.access_token)
    assert.equal(answer.active, true)
    assert.equal(answer.sub, login.sub)
    assert.equal(answer.aud, audience)
    assert.equal(answer.username, user.name)
  }
  assert.equal((await client.introspect(current.refresh_token)).active, true)
  assert.deepEqual(await worker.introspect(current.access_token), { active: false })
  assert.deepEqual(await client.introspect('no such token'), { active: false })
})

await check('key rotation', async () => {
  const old = current
  const { kid: rotated } = await ask('rotate')
  current = await client.refresh(current.refresh_token)
  assert.equal(kid(current), rotated)
  assert.notEqual(kid(old), rotated)
  for (const verifier of warm) {
    await verifier.verify(old.access_token)
    await verifier.verify(current.access_token)
    // The next key was published before it signed: nobody had to ask again.
    assert.equal(verifier.fetches, 1, verifier.name)
  }
  for (const verifier of verifiers(as, audience)) {
    await verifier.verify(old.access_token)
    await verifier.verify(current.access_token)
  }
  assert.equal((await client.introspect(old.access_token)).active, true)
})

for (const how of ['restart', 'crash']) {
  await check(`${how} keeps the session`, async () => {
    await ask(how)
    assert.equal((await client.introspect(current.access_token)).active, true)
    current = await client.refresh(current.refresh_token)
    for (const verifier of warm) await verifier.verify(current.access_token)
  })
}

await check('revocation', async () => {
  assert.equal(await client.revoke(current.refresh_token, 'refresh_token'), undefined)
  for (const token of [current.access_token, current.refresh_token]) {
    assert.deepEqual(await client.introspect(token), { active: false })
  }
  await refusedWith('invalid_grant', client.refresh(current.refresh_token))
  await challengedWith(401, 'bearer', 'invalid_token', client.userinfo(current.access_token, login.sub))
  assert.equal(await client.revoke(current.refresh_token), undefined) // RFC 7009 §2.2: again is no error
})

finish()
