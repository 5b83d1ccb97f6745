package audit

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"example.org/signet/internal/random"
	"example.org/signet/storage"
)

const (
	// writerSize is the bytes of a chain's name, which must not be drawn twice.
	writerSize = 12

	// maxCrossLinks bounds how many other chains an event links to.
	maxCrossLinks = 16

	// maxText bounds each text of an event, in bytes.
	maxText = 512

	// headSearchLimit is how many of the newest events are searched for their heads.
	headSearchLimit = 200
)

// chain is what a writer knows of its own chain.
type chain struct {
	writer string
	seq    int64
	last   link
	linked map[string]string // writer of another chain → id of its event last linked to
	ids    idGenerator
}

func (c *chain) started() bool { return c.writer != "" }

// reset forgets the chain; ids still rise.
func (c *chain) reset(i idGenerator) { *c = chain{ids: i} }

// startChain names a new chain and looks for those that are there.
func (l *Log) startChain(ctx context.Context) (pending []storage.AuditEvent, err error) {
	if pending, err = l.chainHeads(ctx); err != nil {
		return nil, err
	}
	if l.chain.writer, err = random.Text(l.random, writerSize); err != nil {
		return nil, fmt.Errorf("generate the name of a chain: %w", err)
	}
	return pending, nil
}

// Observe reads the heads of the chains, for the next event to link to, and takes them
// into the anchor. It is to be called from time to time and before a program ends; the
// first event of a chain reads the heads itself.
func (l *Log) Observe(ctx context.Context) error {
	pending, err := l.chainHeads(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.pending = pending
	l.mu.Unlock()
	return l.raiseAnchor(ctx, pending)
}

// Anchored tells whether every event of this log is counted by the anchor.
func (l *Log) Anchored() bool { return l.unanchored.Load() == 0 }

// chainHeads are the newest events of the chains that were written to last.
func (l *Log) chainHeads(ctx context.Context) ([]storage.AuditEvent, error) {
	page, err := l.store.ListAudit(ctx, storage.AuditFilter{Newest: true}, storage.Page{Limit: headSearchLimit})
	if err != nil {
		return nil, err
	}
	var heads []storage.AuditEvent
	listed := map[string]bool{"": true} // events from before there were chains
	for _, e := range page.Events {
		if !listed[e.Writer] && len(heads) < maxCrossLinks {
			heads = append(heads, e)
		}
		listed[e.Writer] = true
	}
	return heads, nil
}

// add makes e the chain's next event.
func (c *chain) add(e storage.AuditEvent, at time.Time, pending []storage.AuditEvent, s macKey) (storage.AuditEvent, error) {
	id, err := c.ids.next(at)
	if err != nil {
		return e, err
	}
	c.seq++
	for _, text := range []*string{&e.Type, &e.Actor, &e.Target, &e.ClientID, &e.Address, &e.RequestID, &e.Detail} {
		*text = truncate(*text)
	}
	e.ID, e.At, e.Writer, e.Seq, e.KeyID = id, at, c.writer, c.seq, s.id
	e.Prev = ""
	if c.seq > 1 {
		e.Prev = c.last.String()
	}
	e.Seen = c.crossLinks(pending, id)
	c.last = linkTo(e)
	e.MAC = s.mac(c.last.hash)
	return e, nil
}

// truncate is text as every store keeps it and a line of a log can hold it.
func truncate(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// crossLinks are the links to those heads that the chain has not yet linked to. A clock
// that is ahead of ours puts an event after ours: that one is for later.
func (c *chain) crossLinks(pending []storage.AuditEvent, id string) string {
	var links []string
	linked := maps.Clone(c.linked)
	for _, e := range pending {
		if e.Writer != c.writer && e.ID < id && linked[e.Writer] < e.ID {
			if linked == nil {
				linked = map[string]string{}
			}
			links = append(links, linkTo(e).String())
			linked[e.Writer] = e.ID
		}
	}
	if len(linked) > 10*maxCrossLinks { // chains end; to link to one again does no harm
		linked = nil
	}
	c.linked = linked
	return strings.Join(links, " ")
}
