// Serves the page, and passes /api/ on to the API, as a development server or a proxy does.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'

const { ISSUER, CLIENT_ID, API = 'http://localhost:8000', PORT = '8010', RENEW_BEFORE = '60' } = process.env

const files = {
  '/': ['index.html', 'text/html'],
  '/callback': ['index.html', 'text/html'],
  '/app.js': ['app.js', 'text/javascript'],
  '/oidc-client-ts.min.js': ['node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js', 'text/javascript'],
}

// The tokens are where scripts can read them: only scripts of this page run.
const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ${ISSUER}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

async function answer(req) {
  const { pathname, search } = new URL(req.url, 'http://localhost')
  if (pathname === '/config.json') return [200, 'application/json', JSON.stringify({ authority: ISSUER, client_id: CLIENT_ID, accessTokenExpiringNotificationTimeInSeconds: Number(RENEW_BEFORE) })]
  if (pathname.startsWith('/api/')) {
    const { authorization } = req.headers
    const said = await fetch(API + pathname.slice('/api'.length) + search, { headers: authorization ? { authorization } : {} })
    return [said.status, said.headers.get('content-type') ?? 'text/plain', await said.text()]
  }
  const [file, type] = files[pathname] ?? []
  if (!file) return [404, 'text/plain', 'not found']
  return [200, type, await readFile(new URL(file, import.meta.url))]
}

const server = createServer(async (req, res) => {
  const [status, type, body] = await answer(req).catch((err) => [502, 'text/plain', err.message])
  res.writeHead(status, {
    'Content-Type': type, 'Content-Security-Policy': policy, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer',
  }).end(body)
})
server.listen(Number(PORT), 'localhost')
process.on('SIGTERM', () => { server.close(); server.closeAllConnections() })
