const escape = (text) => String(text).replace(/[&<>"']/g, (c) => '&#' + c.charCodeAt(0) + ';')

// page is the only page: who is signed in, and a message.
export const page = (name, message = '') => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Items</title>
<h1>Items</h1>
<p id="message">${escape(message)}</p>
${name === undefined
    ? '<p id="signed-out"><a id="sign-in" href="/login">Sign in</a></p>'
    : `<p id="signed-in">Signed in as <strong id="name">${escape(name)}</strong>. <a id="read" href="/items">Read the items</a></p>
<form method="post" action="/logout"><button id="sign-out">Sign out</button></form>`}
`
