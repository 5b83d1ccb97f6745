// Signs people in, calls an API, renews tokens and signs out. With a bundler the first line is
// import { ErrorResponse, UserManager } from 'oidc-client-ts'
const { ErrorResponse, UserManager } = window.oidc

const manager = new UserManager({
  ...(await (await fetch('/config.json')).json()), // authority, client_id, how early to renew
  redirect_uri: location.origin + '/callback', // byte for byte as it is registered
  post_logout_redirect_uri: location.origin + '/',
  scope: 'openid profile',
  loadUserInfo: true, // the name is there, not in the ID token
  automaticSilentRenew: true, // by the refresh token, before the access token expires
})

const byId = (id) => document.getElementById(id)

async function show(message = '') {
  const user = await manager.getUser()
  byId('signed-in').hidden = !user
  byId('signed-out').hidden = Boolean(user)
  byId('name').textContent = user?.profile.preferred_username ?? ''
  byId('message').textContent = message
  if (!user) byId('items').textContent = ''
}

// failed tells the end of the session from everything else: only the former signs the page out.
async function failed(err) {
  if (err instanceof ErrorResponse && err.error === 'invalid_grant') {
    await manager.removeUser()
    return show('You have been signed out.')
  }
  return show('That did not work: ' + err.message)
}

async function call(path) {
  const ask = (user) => fetch(path, { headers: { Authorization: 'Bearer ' + user.access_token } })
  let answer = await ask(await manager.getUser())
  if (answer.status === 401) answer = await ask(await manager.signinSilent()) // expired, or signed out elsewhere
  if (!answer.ok) throw new Error('the API answered ' + answer.status)
  return answer.json()
}

async function readItems() {
  byId('items').textContent = JSON.stringify(await call('/api/items'), null, 2)
  return show()
}

const guarded = (step) => () => step().catch(failed)
byId('sign-in').onclick = guarded(() => manager.signinRedirect())
byId('sign-out').onclick = guarded(() => manager.signoutRedirect()) // drops the tokens, sends the ID token along
byId('read').onclick = guarded(readItems)
manager.events.addSilentRenewError(failed)

// Back from the issuer. An error is shown and nothing begins by itself: a page that signs in again
// on an error goes round in circles.
if (location.pathname === '/callback') {
  const answer = location.href
  history.replaceState(null, '', '/') // the code is gone from the address and from Back
  await manager.signinCallback(answer).then(() => show(), (err) => show('Signing in did not work: ' + err.message))
} else {
  await show()
}
