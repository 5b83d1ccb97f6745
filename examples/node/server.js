// A small API: anyone reads /notsecret, users read items, admins create and delete.
import express from 'express'
import { liveSession, refuse, role } from './auth.js'

const items = new Map()
let last = 0

function add(name) {
  const item = { id: ++last, name }
  items.set(item.id, item)
  return item
}

add('lamp')

const reader = role('user', 'admin')
// In this order: the token is checked before the issuer is asked about it.
const admin = [role('admin'), liveSession]

const app = express()
app.disable('x-powered-by')

app.get('/notsecret', (req, res) => {
  res.json({ message: 'anyone may read this' })
})

app.get('/items', reader, (req, res) => {
  res.json([...items.values()])
})

app.post('/items', admin, express.json({ limit: '4kb' }), (req, res) => {
  const name = req.body?.name
  if (typeof name !== 'string' || name === '') return res.status(422).json({ detail: 'An item has a name' })
  res.status(201).json(add(name))
})

app.delete('/items/:id', admin, (req, res) => {
  if (!items.delete(Number(req.params.id))) return res.status(404).json({ detail: 'No such item' })
  res.status(204).end()
})

app.use(refuse)

const server = app.listen(Number(process.env.PORT ?? 8000), '127.0.0.1')
process.on('SIGTERM', () => server.close())
