package endpoints

import (
	"net/http"
	"strings"

	"example.org/signet/issuer"
)

// reply is an answer with more to it than a body.
type reply struct {
	status   int // 0 means 200
	body     any
	revision string // of the record, for If-Match; "" for none
	location string // of what was created, below the issuer's URL; "" for none
}

// created answers 201 with what was made.
func created(body any, revision, location string) reply {
	return reply{status: http.StatusCreated, body: body, revision: revision, location: location}
}

// found answers with a record and its revision.
func found(body any, revision string) reply { return reply{body: body, revision: revision} }

// done is the answer to what leaves nothing to show.
var done = noContent{}

func (a reply) header(h http.Header, base string) {
	if a.revision != "" {
		h.Set("ETag", `"`+a.revision+`"`)
	}
	if a.location != "" {
		h.Set("Location", base+a.location)
	}
}

var errIfMatch = badRequest("If-Match is not a list of entity tags")

// precondition reads If-Match (RFC 9110 §13.1.1); nil where there is none. A
// weak tag never matches, so it counts as one that nothing has.
func precondition(h http.Header) (issuer.Precondition, error) {
	values := h.Values("If-Match")
	if len(values) == 0 {
		return nil, nil
	}
	when := issuer.Precondition{}
	for _, tag := range strings.Split(strings.Join(values, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" && len(values) == 1 && strings.TrimSpace(values[0]) == "*" {
			return issuer.Precondition{"*"}, nil
		}
		weak := strings.HasPrefix(tag, "W/")
		inner, opens := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
		inner, closes := strings.CutSuffix(inner, `"`)
		if !opens || !closes || inner == "*" || strings.ContainsAny(inner, `" `) {
			return nil, errIfMatch
		}
		if !weak {
			when = append(when, inner)
		}
	}
	return when, nil
}
