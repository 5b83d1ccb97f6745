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

// ConformanceConfig is the configuration of the OpenID conformance suite (JSON), which the
// tests read.
//
//go:embed openid-conformance.json
var ConformanceConfig string
