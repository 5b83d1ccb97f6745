package endpoints

import (
	"net/http"
	"slices"
	"strings"

	"example.org/signet/internal/document"
	"example.org/signet/issuer/admin"
)

// recordReply is a response with a status, an entity tag or a location.
type recordReply struct {
	status   int // 0 means 200
	body     any
	revision string // of the record, for If-Match; "" for none
	location string // of what was created, below the issuer's URL; "" for none
}

// createdReply replies 201 with the new record.
func createdReply(body any, revision, location string) recordReply {
	return recordReply{status: http.StatusCreated, body: body, revision: revision, location: location}
}

// foundReply replies with a record and its revision.
func foundReply(body any, revision string) recordReply {
	return recordReply{body: body, revision: revision}
}

// emptyReply is a 204.
var emptyReply = noContent{}

func (a recordReply) setHeaders(h http.Header, base string) {
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
func precondition(h http.Header) ([]string, error) {
	values := h.Values("If-Match")
	if len(values) == 0 {
		return nil, nil
	}
	ifMatch := []string{}
	for _, tag := range strings.Split(strings.Join(values, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" && len(values) == 1 && strings.TrimSpace(values[0]) == "*" {
			return []string{"*"}, nil
		}
		weak := strings.HasPrefix(tag, "W/")
		inner, opens := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
		inner, closes := strings.CutSuffix(inner, `"`)
		if !opens || !closes || inner == "*" || strings.ContainsAny(inner, `" `) {
			return nil, errIfMatch
		}
		if !weak {
			ifMatch = append(ifMatch, inner)
		}
	}
	return ifMatch, nil
}

// notModified is the answer to a read whose If-None-Match names the record as it
// is (RFC 9110 §15.4.5).
type notModified struct{ etag string }

func (notModified) httpStatus() int { return http.StatusNotModified }

// conditionalRead applies the conditions of a read to its reply (RFC 9110 §13.2.2).
func conditionalRead(h http.Header, ifMatch []string, value any) (any, error) {
	reply, _ := value.(recordReply)
	if ifMatch != nil && !slices.Contains(ifMatch, "*") && (reply.revision == "" || !slices.Contains(ifMatch, reply.revision)) {
		return nil, admin.ErrPreconditionFailed
	}
	if etag := `"` + reply.revision + `"`; reply.revision != "" && document.Matches(h.Values("If-None-Match"), etag) {
		return notModified{etag}, nil
	}
	return value, nil
}
