package endpoints

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.org/signet/docs"
	"example.org/signet/internal/document"
	"example.org/signet/issuer"
)

// openAPIMaxAge is how long the description of the API may be cached.
const openAPIMaxAge = 5 * time.Minute

// operations are those that a description lists.
type operations struct{ public, admin bool }

// scopes returns those that the page at /docs asks for, so that its operations can be
// called: "" asks for all that the client may have.
func (o operations) scopes() string {
	switch {
	case o.public && o.admin:
		return ""
	case o.admin:
		return issuer.ScopeAdmin
	}
	return issuer.ScopeOpenID + " " + issuer.ScopeProfile + " " + issuer.ScopeAccount
}

// openAPIDocument returns the OpenAPI document of this issuer (RFC 9512), with the
// operations of one listener. It is made at the first request.
func openAPIDocument(issuerURL string, listed operations) func() document.Document {
	return sync.OnceValue(func() document.Document {
		body := strings.ReplaceAll(listed.cut(docs.OpenAPI), `"`+docs.OpenAPIServer, `"`+yamlEscape(issuerURL))
		return document.New("application/yaml", []byte(body), openAPIMaxAge)
	})
}

// cut drops the paths and the tags of the operations that are not listed.
func (o operations) cut(text string) string {
	var kept strings.Builder
	section, keep := "", true
	for line := range strings.Lines(text) {
		path, isPath := strings.CutPrefix(line, "  /")
		tag, isTag := strings.CutPrefix(line, "  - name: ")
		switch {
		case !strings.ContainsAny(line[:1], " #\n"):
			section, keep = strings.TrimSpace(line), true
		case section == "paths:" && isPath:
			keep = o.lists(strings.HasPrefix(path, "api/"))
		case section == "tags:" && isTag:
			keep = o.lists(strings.TrimSpace(tag) == "Administration")
		}
		if keep {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func (o operations) lists(admin bool) bool { return admin && o.admin || !admin && o.public }

// yamlEscape escapes a text for a double-quoted scalar, which YAML has from JSON.
func yamlEscape(s string) string {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("quote %q: %v", s, err)) // a string: cannot fail
	}
	return string(quoted[1 : len(quoted)-1])
}
