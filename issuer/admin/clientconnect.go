package admin

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/connect"
	"example.org/signet/storage"
)

// Connect returns the configuration of one kind of program for a client, without its secret.
// storage.ErrNotFound for a kind that is none of connect.Kinds.
func (c Clients) Connect(ctx context.Context, id, kind string) (connect.Guide, error) {
	x, err := c.admin.service.readClient(ctx, id)
	if err != nil {
		return connect.Guide{}, err
	}
	guide, known := connect.For(connectable(c.admin.service.cfg.Issuer, x), kind)
	if !known {
		return connect.Guide{}, fmt.Errorf("kind of program: %w", storage.ErrNotFound)
	}
	return guide, nil
}

// connectable returns what configurations need to know of a client. One that is an API itself is
// the audience of the tokens it reads.
func connectable(issuerURL string, x storage.Client) connect.Client {
	return connect.Client{
		Issuer: issuerURL, ID: x.ID, Public: x.Public, Grants: x.Grants, Scopes: x.Scopes, RedirectURIs: x.RedirectURIs,
		Audiences: slices.Concat(x.Resources, x.Audiences), AnyPort: x.LocalhostPorts, PostSecret: x.AuthMethod == string(issuer.AuthPost),
	}
}

// Refusal is a request through a client that was refused, by the audit log: requests to sign
// somebody in, and codes. It holds no parameter of the request but a redirect URI, without the
// values of its query.
type Refusal struct {
	At        time.Time `json:"at"`
	Type      string    `json:"type"` // of the event
	Detail    string    `json:"detail"`
	Address   string    `json:"address,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
	Received  string    `json:"received,omitempty"`   // a redirect URI that is not registered
	Nearest   string    `json:"nearest,omitempty"`    // the registered one that is most like it; empty for none
	DiffersAt *int      `json:"differs_at,omitempty"` // in bytes of Received
}

// RefusalList is one page of refusals, the newest first.
type RefusalList struct {
	Items []Refusal `json:"items"`
	Next  string    `json:"next,omitempty"`
}

// Refusals returns the newest refused requests through a client, as far as the audit log has them:
// of one network it takes no more than the bounds of events.
func (c Clients) Refusals(ctx context.Context, id string, p storage.Page) (RefusalList, error) {
	l := newListing("refusals", id)
	p, err := l.page(p)
	if err != nil {
		return RefusalList{}, err
	}
	if _, err := c.admin.service.readClient(ctx, id); err != nil {
		return RefusalList{}, err
	}
	f := storage.AuditFilter{ClientID: id, Newest: true, Types: []string{audit.EventAuthorizeRefused, audit.EventCodeRefused, audit.EventCodeForeign, audit.EventCodeReplayed}}
	page, err := c.admin.service.store.ListAudit(ctx, f, p)
	if err != nil {
		return RefusalList{}, issuer.StoreError(err)
	}
	list := RefusalList{Items: make([]Refusal, len(page.Events)), Next: l.cursor(page.Next)}
	for n, e := range page.Events {
		list.Items[n] = toRefusal(toAuditEvent(e))
	}
	return list, nil
}

// mismatchDetail is how an event tells of a redirect URI that is not registered.
var mismatchDetail = regexp.MustCompile(`; received ("(?:[^"\\]|\\.)*"), (?:none is registered|nearest registered ("(?:[^"\\]|\\.)*"): they differ from byte (\d+) on)$`)

func toRefusal(e AuditEvent) Refusal {
	r := Refusal{At: e.At, Type: e.Type, Detail: e.Detail, Address: e.Address, RequestID: e.RequestID}
	m := mismatchDetail.FindStringSubmatch(e.Detail)
	if m == nil {
		return r
	}
	received, err := strconv.Unquote(m[1])
	if err != nil {
		return r
	}
	r.Received, r.Detail = received, strings.TrimSuffix(e.Detail, m[0])
	nearest, err := strconv.Unquote(m[2])
	from, number := strconv.Atoi(m[3])
	if err == nil && number == nil && from >= 1 && from <= len(received)+1 {
		at := from - 1
		r.Nearest, r.DiffersAt = nearest, &at
	}
	return r
}
