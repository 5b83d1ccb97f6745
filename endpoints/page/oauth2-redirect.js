'use strict'

// The window that the Authorize dialogue of /docs has opened ends here. It hands the answer to the
// page, which redeems the code, and closes. Only a page of this origin can be reached.
const finish = () => {
  let waiting
  try {
    waiting = opener.swaggerUIRedirectOauth2
  } catch {
    waiting = undefined
  }
  if (!waiting) {
    document.getElementById('message').textContent = 'This sign-in was begun in a page that is gone. Close this window and press Authorize there again.'
    return
  }
  const answer = new URLSearchParams(location.search)
  const fail = (message) => waiting.errCb({ authId: waiting.auth.name, source: 'auth', level: 'error', message })
  if (answer.get('state') !== waiting.state) fail('The answer belongs to another request.')
  else if (answer.has('error')) fail(answer.get('error') + ': ' + answer.get('error_description'))
  else {
    waiting.auth.code = answer.get('code') // Swagger UI knows objects of its own window only
    waiting.callback({ auth: waiting.auth, redirectUrl: waiting.redirectUrl })
  }
  window.close()
}

finish()
