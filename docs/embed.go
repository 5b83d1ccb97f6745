// Package docs holds what of the documentation the binary serves.
package docs

import _ "embed"

// OpenAPI describes the HTTP API (OpenAPI 3.1, YAML), for an issuer at
// [OpenAPIServer].
//
//go:embed openapi.yaml
var OpenAPI string

// OpenAPIServer stands in OpenAPI wherever the issuer's URL belongs.
const OpenAPIServer = "http://localhost:8080"
