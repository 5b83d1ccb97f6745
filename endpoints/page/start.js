'use strict'

const { issuer, base, client } = document.body.dataset
const here = location.origin + base

// The issuer has one name, but a person may have come by another, such as
// 127.0.0.1 for localhost. Requests go where the page came from.
const sameOrigin = (request) => {
  if (request.url === issuer || request.url.startsWith(issuer + '/')) {
    request.url = here + request.url.slice(issuer.length)
  }
  return request
}

const ui = SwaggerUIBundle({
  url: here + '/openapi.yaml',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor: sameOrigin,
})

if (client) ui.initOAuth({ clientId: client })
