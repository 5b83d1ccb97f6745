'use strict'

const { issuer, base, client, scopes } = document.body.dataset
const here = location.origin + base

// The issuer has one name, but a person may have come by another, such as
// 127.0.0.1 for localhost. Requests go where the page came from.
const sameOrigin = (request) => {
  if (request.url === issuer || request.url.startsWith(issuer + '/')) {
    request.url = here + request.url.slice(issuer.length)
  }
  return request
}

// The dialogue behind Authorize offers the ways in which a person signs in. The others, such as a
// client's own secret, are at the lock of the operations that take them.
const peopleAlone = () => ({
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize: (original) => (...args) => {
          const all = original(...args)
          return all && all.filter((scheme) => scheme.has('browser') || scheme.has('password'))
        },
      },
    },
  },
})

const ui = SwaggerUIBundle({
  url: here + '/openapi.yaml',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  persistAuthorization: false,
  requestInterceptor: sameOrigin,
  oauth2RedirectUrl: here + '/docs/oauth2-redirect.html',
  plugins: [peopleAlone],
})

// Without scopes all that the client may have are asked for.
ui.initOAuth({ clientId: client, scopes, usePkceWithAuthorizationCodeGrant: true })
