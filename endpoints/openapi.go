package endpoints

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"example.org/signet/docs"
)

// openAPIMaxAge is how long others may believe the description of the API.
const openAPIMaxAge = 5 * time.Minute

// openAPIDocument returns the OpenAPI document of this issuer.
func openAPIDocument(issuerURL string) func() *document {
	body := []byte(strings.ReplaceAll(docs.OpenAPI, `"`+docs.OpenAPIServer, `"`+yamlEscape(issuerURL)))
	d := newDocument("application/yaml", body, entityTag(body), openAPIMaxAge) // RFC 9512
	return func() *document { return d }
}

// yamlEscape escapes what stands between double quotes; YAML's are JSON's.
func yamlEscape(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", s, err)) // a string: cannot fail
	}
	return string(quoted[1 : len(quoted)-1])
}
