// Passkeys. What needs them is hidden where the browser has none, or runs no script: every page
// has another way beside it.
(function () {
  'use strict'
  var page = document
  var waiting = null // the request behind the autofill of the name

  if (!window.PublicKeyCredential || !navigator.credentials || !window.Uint8Array) return

  function toBytes(text) {
    var raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
    var bytes = new Uint8Array(raw.length)
    for (var n = 0; n < raw.length; n++) bytes[n] = raw.charCodeAt(n)
    return bytes
  }

  function toText(buffer) {
    if (!buffer) return undefined
    var raw = ''
    new Uint8Array(buffer).forEach(function (b) { raw += String.fromCharCode(b) })
    return btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  }

  // The options of a form, with bytes where the browser wants bytes.
  function optionsOf(form) {
    var options = JSON.parse(form.getAttribute('data-options'))
    options.challenge = toBytes(options.challenge)
    if (options.user) options.user.id = toBytes(options.user.id)
    ;[options.excludeCredentials, options.allowCredentials].forEach(function (list) {
      if (list) list.forEach(function (key) { key.id = toBytes(key.id) })
    })
    return options
  }

  // What the server is sent of a credential.
  function answerOf(credential) {
    var r = credential.response
    var answer = { id: credential.id, rawId: toText(credential.rawId), type: credential.type, clientExtensionResults: {}, response: { clientDataJSON: toText(r.clientDataJSON) } }
    if (r.attestationObject) {
      answer.response.attestationObject = toText(r.attestationObject)
      if (r.getTransports) answer.response.transports = r.getTransports()
    } else {
      answer.response.authenticatorData = toText(r.authenticatorData)
      answer.response.signature = toText(r.signature)
      answer.response.userHandle = toText(r.userHandle)
    }
    return JSON.stringify(answer)
  }

  function request(form, more) {
    more.publicKey = optionsOf(form)
    return form.getAttribute('data-passkey') === 'create' ? navigator.credentials.create(more) : navigator.credentials.get(more)
  }

  function send(form, credential) {
    var remember = page.getElementById('remember')
    if (remember && remember.checked && form.elements.remember) form.elements.remember.value = '1'
    form.elements.response.value = answerOf(credential)
    form.submit()
  }

  // Says that nothing came of it, and why where that is known.
  function say(form, error) {
    var known = error && error.name === 'InvalidStateError'
    Array.prototype.forEach.call(form.querySelectorAll('[data-failed]'), function (text) {
      text.hidden = (text.getAttribute('data-failed') === 'known') !== known
    })
    form.asking = form.busy = false
    Array.prototype.forEach.call(form.querySelectorAll('[aria-disabled]'), function (button) { button.removeAttribute('aria-disabled') })
  }

  function ask(form) {
    if (form.asking) return
    form.asking = true
    if (waiting) waiting.abort() // the browser does one at a time
    waiting = null
    request(form, {}).then(function (credential) { send(form, credential) }).catch(function (error) { say(form, error) })
  }

  // The browser offers passkeys where it fills in the name.
  function autofill(form) {
    if (!PublicKeyCredential.isConditionalMediationAvailable || !window.AbortController) return
    PublicKeyCredential.isConditionalMediationAvailable().then(function (available) {
      if (!available || form.asking) return
      var own = new AbortController()
      waiting = own
      form.setAttribute('data-waiting', 'true')
      return request(form, { mediation: 'conditional', signal: own.signal }).then(function (credential) { send(form, credential) })
    }).catch(function () { /* aborted, or refused: the button is there */ })
  }

  Array.prototype.forEach.call(page.querySelectorAll('form[data-passkey]'), function (form) {
    form.addEventListener('submit', function (event) {
      event.preventDefault()
      ask(form)
    })
    if (form.hasAttribute('data-autofill')) autofill(form)
  })
  Array.prototype.forEach.call(page.querySelectorAll('[data-needs-passkeys]'), function (part) { part.hidden = false })

  window.addEventListener('pageshow', function (event) {
    if (event.persisted) location.reload() // its challenge is used
  })
  window.addEventListener('pagehide', function () { if (waiting) waiting.abort() })
})()
