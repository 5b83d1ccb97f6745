// Everything in the console works without this script.
(function () {
  'use strict'
  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act)
  }

  // A button copies what is shown once.
  each('[data-copy]', function (button) {
    if (!navigator.clipboard) return
    button.hidden = false
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(document.getElementById(button.getAttribute('data-copy')).textContent).then(function () {
        button.textContent = button.getAttribute('data-copied')
      })
    })
  })

  // A button saves what is shown as a file; nothing is asked of the server again.
  each('[data-save]', function (button) {
    button.hidden = false
    button.addEventListener('click', function () {
      var link = document.createElement('a')
      var text = button.getAttribute('data-text') || document.getElementById(button.getAttribute('data-save')).textContent
      link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
      link.download = button.getAttribute('data-file')
      link.click()
      setTimeout(function () { URL.revokeObjectURL(link.href) }, 1000)
    })
  })

  // A box in the head of a table selects all of its rows.
  each('[data-all]', function (box) {
    box.hidden = false
    box.addEventListener('change', function () {
      each('input[name="' + box.getAttribute('data-all') + '"]', function (one) { one.checked = box.checked })
    })
  })
})()
