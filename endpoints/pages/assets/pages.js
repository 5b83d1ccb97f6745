// Everything on the pages works without this script. It is written for old browsers too.
(function () {
  'use strict'
  var page = document

  function each(selector, act) {
    Array.prototype.forEach.call(page.querySelectorAll(selector), act)
  }

  // A form is sent once. The buttons stay enabled for the browser, so that the one that was
  // pressed is sent along, and keeps the focus.
  function setBusy(form, busy) {
    form.busy = busy
    Array.prototype.forEach.call(form.querySelectorAll('button[type=submit]'), function (button) {
      if (busy) button.setAttribute('aria-disabled', 'true')
      else button.removeAttribute('aria-disabled')
    })
  }

  each('form[data-single]', function (form) {
    form.addEventListener('submit', function (event) {
      if (form.busy) {
        event.preventDefault()
        return
      }
      each('[data-reveal-for]', function (button) { reveal(button, false) })
      setBusy(form, true)
      setTimeout(function () { setBusy(form, false) }, 10000) // the answer may never come
    })
  })

  // A page that comes back out of the browser's cache can be sent again.
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) each('form[data-single]', function (form) { setBusy(form, false) })
  })

  // A button shows what is typed into a password field.
  function reveal(button, show) {
    page.getElementById(button.getAttribute('aria-controls')).type = show ? 'text' : 'password'
    button.textContent = button.getAttribute(show ? 'data-hide' : 'data-show')
    button.setAttribute('aria-label', button.getAttribute(show ? 'data-hide-label' : 'data-show-label'))
    button.shown = show
  }

  each('[data-reveal-for]', function (button) {
    button.hidden = false
    button.addEventListener('click', function () { reveal(button, !button.shown) })
  })

  // The form that carries an answer to an application posts itself once: not when a person
  // comes back to it, nor when it is loaded again.
  function cameBack() {
    if (history.state && history.state.posted) return true
    var entries = window.performance && performance.getEntriesByType ? performance.getEntriesByType('navigation') : []
    return entries.length > 0 && entries[0].type !== 'navigate'
  }

  each('form[data-auto]', function (form) {
    if (cameBack()) return
    if (history.replaceState) history.replaceState({ posted: true }, '')
    setBusy(form, true)
    form.submit()
    setTimeout(function () { setBusy(form, false) }, 10000)
  })

  // Somebody may have signed in in another tab: then this one need not ask again. What is
  // typed already is not lost.
  each('form[data-state]', function (form) {
    page.addEventListener('visibilitychange', function () {
      var password = page.getElementById('password')
      if (page.visibilityState !== 'visible' || form.busy || !window.fetch || (password && password.value)) return
      fetch(form.getAttribute('data-state'), { credentials: 'same-origin', cache: 'no-store' }).then(function (answer) {
        if (answer.status === 200 && !password.value) location.reload()
      }).catch(function () {})
    })
  })

  // Times in the time zone of the browser.
  each('time[datetime]', function (element) {
    try {
      element.textContent = new Date(element.getAttribute('datetime')).toLocaleString(page.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })
    } catch (e) { /* UTC stays */ }
  })
})()
