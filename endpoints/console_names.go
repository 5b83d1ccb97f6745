package endpoints

import (
	"context"
	"errors"
	"strings"

	"example.org/signet/endpoints/console"
	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

// consoleNames finds the names of the people that a page speaks of, each once.
type consoleNames struct {
	ctx   context.Context
	visit *consoleVisit
	found map[string]string
}

func newConsoleNames(ctx context.Context, v *consoleVisit) *consoleNames {
	return &consoleNames{ctx, v, map[string]string{}}
}

func isNotFound(err error) bool { return errors.Is(err, storage.ErrNotFound) }

// find returns the username of that id; "" where there is no such user, or where the store does
// not say.
func (n *consoleNames) find(id string) string {
	name, known := n.found[id]
	if !known {
		if u, err := n.visit.admin.Users().Find(n.ctx, id); err == nil {
			name = u.Username
		}
		n.found[id] = name
	}
	return name
}

// name returns the username of that id, or else the id.
func (n *consoleNames) name(id string) string {
	if name := n.find(id); name != "" {
		return name
	}
	return id
}

// person links to a user. One who is gone is an id.
func (n *consoleNames) person(id string) console.Cell {
	if name := n.find(id); name != "" {
		return console.Link{Text: console.Lit(name), URL: n.visit.url(consolePerson, "id", id)}
	}
	return console.Mono(id)
}

// subject links to a user; a client and a program are their names.
func (n *consoleNames) subject(id string) console.Cell {
	switch {
	case id == "":
		return nil
	case account.LooksLikeID(id):
		return n.person(id)
	}
	return console.Mono(id)
}

// client links to an application; nil for none. The console's own client has no page.
func (n *consoleNames) client(id string) console.Cell { return n.visit.client(id) }

func (v *consoleVisit) client(id string) console.Cell {
	switch {
	case id == "":
		return nil
	case issuer.IsReservedClient(id):
		return console.Mono(id)
	}
	return console.Link{Text: console.Lit(id), URL: v.url(consoleApp, "client", id)}
}

// target links to what an event is about, as its type tells what that is.
func (n *consoleNames) target(e admin.AuditEvent) console.Cell {
	group, _, _ := strings.Cut(e.Type, ".")
	switch {
	case e.Target == "":
		return nil
	case e.Type == audit.EventChangeFailed:
		return console.Link{Text: console.T("audit.failed_event"), URL: n.visit.url(consoleAuditEvent, "event", e.Target)}
	case group == "role":
		return console.Link{Text: console.Lit(e.Target), URL: n.visit.url(consoleRole, "name", e.Target)}
	case group == "client":
		return n.client(e.Target)
	case group == "key" || group == "keys":
		return console.Link{Text: console.Lit(e.Target), URL: n.visit.url(consoleKeys)}
	case account.LooksLikeID(e.Target):
		return n.person(e.Target)
	case isSessionEvent(group, e):
		return console.Link{Text: console.T("audit.session"), URL: n.visit.url(consoleSession, "sid", e.Target)}
	}
	return console.Mono(e.Target)
}

// isSessionEvent tells whether the target of the event is a session at an application.
func isSessionEvent(group string, e admin.AuditEvent) bool {
	switch group {
	case "session":
		return e.Target != "all"
	case "login", "refresh", "code":
		return e.ClientID != ""
	}
	return false
}
