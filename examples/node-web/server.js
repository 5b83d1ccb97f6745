// A web application whose server signs people in and calls an API for them. Tokens never reach
// the browser: it has a session cookie.
import express from 'express'
import session from 'express-session'
import * as oidc from './oidc.js'
import { page } from './page.js'

const { PORT = '8020', BASE_URL = 'http://localhost:' + PORT, API = 'http://localhost:8000', SESSION_SECRET = crypto.randomUUID() } = process.env

const store = new session.MemoryStore() // more than one process: a store that they share
const bySID = new Map() // sid of the ID token → id of the session here

const app = express()
app.disable('x-powered-by')
app.use(session({
  store, name: 'node-web', secret: SESSION_SECRET, resave: false, saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
}))

const regenerate = (req) => new Promise((done, fail) => req.session.regenerate((err) => (err ? fail(err) : done())))
const destroy = (id) => new Promise((done, fail) => store.destroy(id, (err) => (err ? fail(err) : done())))

app.get('/', (req, res) => {
  res.send(page(req.session.user?.name))
})

app.get('/login', async (req, res) => {
  const { url, state, begun } = await oidc.begin(BASE_URL + '/callback')
  // By state: several tabs can sign in at once. The last ten count.
  req.session.begun = Object.fromEntries([...Object.entries(req.session.begun ?? {}), [state, begun]].slice(-10))
  res.redirect(url)
})

app.get('/callback', async (req, res) => {
  const begun = req.session.begun?.[req.query.state]
  if (!begun) return res.status(400).send(page(req.session.user?.name, 'This sign-in was begun elsewhere or is over.'))
  const signedIn = await oidc.finish(new URL(req.originalUrl, BASE_URL), begun, req.query.state)
  await regenerate(req) // a new id: nobody has fixed it before the login
  Object.assign(req.session, signedIn)
  bySID.set(signedIn.user.sid, req.session.id)
  res.redirect('/')
})

app.get('/items', async (req, res) => {
  if (!req.session.user) return res.redirect('/login')
  await oidc.refresh(req.session)
  const said = await fetch(API + '/items', { headers: { Authorization: 'Bearer ' + req.session.tokens.access } })
  if (!said.ok) throw new Error('the API answered ' + said.status)
  res.send(page(req.session.user.name, await said.text()))
})

// A cross-site form cannot sign anybody out: the cookie is SameSite=Lax, and this is a POST.
app.post('/logout', async (req, res) => {
  const hint = req.session.tokens?.id
  bySID.delete(req.session.user?.sid)
  await regenerate(req)
  res.redirect(303, oidc.logoutURL(hint, BASE_URL + '/'))
})

// Signet tells of sessions that ended elsewhere. 400 would mean: never send this again.
app.post('/backchannel-logout', express.urlencoded({ extended: false, limit: '16kb' }), async (req, res) => {
  const { status, sid } = await oidc.readLogoutToken(req.body?.logout_token)
  if (sid && bySID.has(sid)) await destroy(bySID.get(sid))
  bySID.delete(sid)
  res.set('Cache-Control', 'no-store').sendStatus(status)
})

app.use(async (err, req, res, next) => {
  if (res.headersSent) return next(err)
  if (req.session.user && oidc.sessionEnded(err)) {
    await regenerate(req)
    return res.status(401).send(page(undefined, 'You have been signed out.'))
  }
  console.error(err)
  res.status(502).send(page(req.session.user?.name, 'That did not work: ' + (err.error_description ?? err.message)))
})

await oidc.discover()
const server = app.listen(Number(PORT), 'localhost')
process.on('SIGTERM', () => { server.close(); server.closeAllConnections() })
