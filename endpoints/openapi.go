package endpoints

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/signet/docs"
	"example.org/signet/internal/document"
)

// openAPIMaxAge is how long the description of the API may be cached.
const openAPIMaxAge = 5 * time.Minute

// openAPIDocument returns the OpenAPI document of this issuer (RFC 9512).
func openAPIDocument(issuerURL string) func() document.Document {
	body := strings.ReplaceAll(docs.OpenAPI, `"`+docs.OpenAPIServer, `"`+yamlEscape(issuerURL))
	d := document.New("application/yaml", []byte(body), openAPIMaxAge)
	return func() document.Document { return d }
}

// yamlEscape escapes a text for a double-quoted scalar, which YAML has from JSON.
func yamlEscape(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", s, err)) // a string: cannot fail
	}
	return string(quoted[1 : len(quoted)-1])
}
