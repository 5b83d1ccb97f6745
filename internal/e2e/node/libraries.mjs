// What further libraries expect: openid-client as the application, and the
// resource servers of resource-server.mjs. Run by foreign_test.go.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import * as openid from 'openid-client'
import { ask, check, finish, settings } from './conversation.mjs'
import { resourceServers, rights } from './resource-server.mjs'

const { issuer, audience, web, machine, resource, elsewhere, user, newcomer, expired, device } = settings
const everything = 'openid profile email items:read items:write'

// configure discovers the issuer, as the library's first step always does. By
// default the library sends the secret in the body.
function configure({ id, secret }, authentication) {
  return openid.discovery(new URL(issuer), id, secret, authentication, { execute: [openid.allowInsecureRequests] })
}

const login = (config, { name, password }, scope = everything) =>
  openid.genericGrantRequest(config, 'password', { username: name, password, scope })

async function refusedWith(error, promise) {
  await assert.rejects(promise, (err) => {
    assert.equal(err.error, error, err.stack)
    assert.equal(err.status, 400)
    return true
  })
}

const [application, worker, api] = await check('openid-client: discovery', async () => {
  const configs = [await configure(web), await configure(machine, openid.ClientSecretBasic()), await configure(resource)]
  assert.equal(configs[0].serverMetadata().issuer, issuer)
  return configs
})

const session = await check('openid-client: password', async () => {
  const answer = await login(application, user)
  assert.equal(answer.token_type, 'bearer')
  assert.equal(answer.expiresIn() > 0, true)
  assert.equal(answer.claims().aud, web.id)
  const info = await openid.fetchUserInfo(application, answer.access_token, answer.claims().sub)
  assert.equal(info.email, user.email)
  return answer
})

await check('openid-client: refusals', async () => {
  await refusedWith('invalid_grant', login(application, { ...user, password: 'wrong' }))
  await refusedWith('invalid_scope', login(application, user, 'items:delete'))
  await refusedWith('invalid_grant', openid.refreshTokenGrant(application, 'no such token'))
})

await check('openid-client: client credentials', async () => {
  const answer = await openid.clientCredentialsGrant(worker, { scope: 'items:read' })
  assert.equal(answer.scope, 'items:read')
  assert.equal(answer.refresh_token, undefined)
})

// approve is the person with a browser: the code, the login, and the click.
async function approve(code) {
  const cookies = new Map()
  const send = async (path, form) => {
    let url = new URL(path, issuer)
    let body = form && new URLSearchParams(form)
    for (;;) {
      const answer = await fetch(url, {
        method: body ? 'POST' : 'GET', body, redirect: 'manual',
        headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; '), 'sec-fetch-site': 'same-origin' },
      })
      for (const line of answer.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0].split('=')
        cookies.set(name, value)
      }
      if (answer.status !== 303) return answer.text()
      url = new URL(answer.headers.get('location'), url)
      body = undefined
    }
  }
  const action = (page) => page.match(/<form[^>]*\saction="([^"]*)"/)[1].replaceAll('&amp;', '&')
  let page = await send('/device', { user_code: code })
  page = await send(action(page), { username: user.name, password: user.password })
  assert.match(page, new RegExp(code))
  page = await send(action(page), { decision: 'allow' })
  assert.match(page, /id="device-approved"/)
}

await check('openid-client: device', async () => {
  const config = await openid.discovery(new URL(issuer), device.id, undefined, openid.None(), { execute: [openid.allowInsecureRequests] })
  const asked = await openid.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  assert.equal(asked.verification_uri, `${issuer}/device`)
  const [answer] = await Promise.all([openid.pollDeviceAuthorizationGrant(config, asked), approve(asked.user_code)])
  assert.equal(answer.claims().aud, device.id)
  assert.equal(answer.scope, 'openid profile')
  assert.ok((await openid.refreshTokenGrant(config, answer.refresh_token)).access_token)
  await refusedWith('invalid_grant', openid.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: 'no such code' }))
})

const stranger = await login(await configure(elsewhere), user)
const small = await login(application, newcomer)
const forged = session.access_token.replace(/\.[^.]+\./, (payload) => payload.slice(0, -9) + 'AAAAAAAA.')
const warm = resourceServers(issuer, audience)

for (const resourceServer of warm) {
  await check(`${resourceServer.name}: accepts`, async () => {
    const { status, body } = await resourceServer.spend(session.access_token)
    assert.equal(status, 200, body)
    assert.equal(JSON.parse(body).sub, session.claims().sub)
  })
  await check(`${resourceServer.name}: refuses`, async () => {
    for (const [what, token] of Object.entries({
      nothing: undefined, nonsense: 'nonsense', 'a refresh token': session.refresh_token, 'an ID token': session.id_token,
      'another audience': stranger.access_token, 'a forgery': forged,
    })) {
      assert.equal((await resourceServer.spend(token)).status, 401, what)
    }
  })
  await check(`${resourceServer.name}: refuses an expired token`, async () => {
    let status
    for (let i = 0; i < 300 && status !== 401; i++) { // some allow for a few seconds
      status = (await resourceServer.spend(expired)).status
      if (status !== 401) await sleep(100)
    }
    assert.equal(status, 401)
  })
}

for (const resourceServer of rights(issuer, audience)) {
  await check(`express-oauth2-jwt-bearer: ${resourceServer.name}`, async () => {
    assert.equal((await resourceServer.spend(session.access_token)).status, 200)
    // For a claim the library answers 401, for a scope 403.
    assert.equal((await resourceServer.spend(small.access_token)).status, resourceServer.name === 'scope' ? 403 : 401)
  })
  resourceServer.close()
}

const refreshed = await check('openid-client: refresh', async () => {
  const answer = await openid.refreshTokenGrant(application, session.refresh_token)
  assert.notEqual(answer.refresh_token, session.refresh_token)
  return answer
})

const rotated = await check('key rotation', async () => {
  await ask('rotate')
  const answer = await openid.refreshTokenGrant(application, refreshed.refresh_token)
  for (const resourceServer of [...warm, ...resourceServers(issuer, audience)]) {
    for (const token of [refreshed.access_token, answer.access_token]) {
      assert.equal((await resourceServer.spend(token)).status, 200, resourceServer.name)
    }
    if (!warm.includes(resourceServer)) resourceServer.close()
  }
  return answer
})

await check('openid-client: introspection', async () => {
  for (const config of [application, api]) {
    const answer = await openid.tokenIntrospection(config, rotated.access_token)
    assert.equal(answer.active, true)
    assert.deepEqual(answer.roles, ['editor'])
  }
  assert.deepEqual(await openid.tokenIntrospection(worker, rotated.access_token), { active: false })
  assert.deepEqual(await openid.tokenIntrospection(api, forged), { active: false })
})

await check('openid-client: revocation', async () => {
  await openid.tokenRevocation(application, rotated.refresh_token, { token_type_hint: 'refresh_token' })
  assert.deepEqual(await openid.tokenIntrospection(api, rotated.access_token), { active: false })
  await refusedWith('invalid_grant', openid.refreshTokenGrant(application, rotated.refresh_token))
  await openid.tokenRevocation(application, rotated.refresh_token) // RFC 7009 §2.2: again is no error
})

for (const resourceServer of warm) resourceServer.close()
finish()
