// How the round talks with the Go test that runs it: one JSON value a line.
// The first line in are the settings; what the round asks for on its way (a key
// rotation, a restart) is answered by one line each. Every check it plays goes
// out as one line, and the first that fails ends it.
import { createInterface } from 'node:readline'

const input = createInterface({ input: process.stdin })
const lines = input[Symbol.asyncIterator]()

async function receive() {
  const { value, done } = await lines.next()
  if (done) throw new Error('the test that runs this round is gone')
  return JSON.parse(value)
}

function send(message) {
  process.stdout.write(JSON.stringify(message) + '\n')
}

// URLs, credentials and names: see nodeSettings in node_test.go.
export const settings = await receive()

// ask has the test do something to the server, and waits until it is done.
export async function ask(what) {
  send({ ask: what })
  return receive()
}

// check plays one step and reports it. What play returns is the step's result.
export async function check(name, play) {
  try {
    const result = await play()
    send({ check: name })
    return result
  } catch (err) {
    send({ check: name, error: describe(err) })
    throw err
  }
}

// describe adds what the libraries keep beside the message.
function describe(err) {
  const parts = [err.name, err.code, err.error, err.message]
  if (err.cause?.message) parts.push(err.cause.message)
  return parts.filter(Boolean).join(': ')
}

export function finish() {
  input.close()
  process.stdin.destroy()
}
