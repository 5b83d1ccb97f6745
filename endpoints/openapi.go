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

// describe is the OpenAPI document of this issuer, for as long as it runs.
func describe(issuerURL string) func() *document {
	body := []byte(strings.ReplaceAll(docs.OpenAPI, `"`+docs.OpenAPIServer, `"`+inYAML(issuerURL)))
	d := newDocument("application/yaml", body, entityTag(body), openAPIMaxAge) // RFC 9512
	return func() *document { return d }
}

// inYAML escapes what stands between double quotes; YAML's are JSON's.
func inYAML(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", s, err)) // a string: cannot fail
	}
	return string(quoted[1 : len(quoted)-1])
}
