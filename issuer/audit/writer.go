package audit

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"example.org/signet/storage"
)

const (
	// writerSize is the bytes of a chain's name, which must not be drawn twice.
	writerSize = 12

	// maxSeen bounds how many other chains an event speaks of.
	maxSeen = 16

	// maxText bounds each text of an event, in bytes.
	maxText = 512

	// newest is how far back their heads are looked for, in events.
	newest = 200
)

// chain is what a writer knows of its own chain.
type chain struct {
	writer string
	seq    int64
	last   link
	seen   map[string]string // writer of another chain → id of its event last spoken of
	ids    ids
}

func (c *chain) begun() bool { return c.writer != "" }

// end forgets the chain; ids still rise.
func (c *chain) end(i ids) { *c = chain{ids: i} }

// begin names a new chain and looks for those that are there.
func (l *Log) begin(ctx context.Context) (news []storage.AuditEvent, err error) {
	if news, err = l.heads(ctx); err != nil {
		return nil, err
	}
	name := make([]byte, writerSize)
	if _, err := io.ReadFull(l.random, name); err != nil {
		return nil, fmt.Errorf("draw the name of a chain: %w", err)
	}
	l.chain.writer = encode(name)
	return news, nil
}

// Look reads what others have written, for the next event to speak of. It is to be
// called from time to time; the first event of a chain does so itself.
func (l *Log) Look(ctx context.Context) error {
	news, err := l.heads(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.news = news
	return nil
}

// heads are the newest events of the chains that were written to last.
func (l *Log) heads(ctx context.Context) ([]storage.AuditEvent, error) {
	page, err := l.store.ListAudit(ctx, storage.AuditFilter{Newest: true}, storage.Page{Limit: newest})
	if err != nil {
		return nil, err
	}
	var heads []storage.AuditEvent
	known := map[string]bool{"": true} // events from before there were chains
	for _, e := range page.Events {
		if !known[e.Writer] && len(heads) < maxSeen {
			heads = append(heads, e)
		}
		known[e.Writer] = true
	}
	return heads, nil
}

// add makes e the chain's next event.
func (c *chain) add(e storage.AuditEvent, at time.Time, news []storage.AuditEvent, s sealer) (storage.AuditEvent, error) {
	id, err := c.ids.next(at)
	if err != nil {
		return e, err
	}
	c.seq++
	for _, text := range []*string{&e.Type, &e.Actor, &e.Target, &e.ClientID, &e.Address, &e.RequestID, &e.Detail} {
		*text = bounded(*text)
	}
	e.ID, e.At, e.Writer, e.Seq, e.KeyID = id, at, c.writer, c.seq, s.id
	e.Prev = ""
	if c.seq > 1 {
		e.Prev = c.last.String()
	}
	e.Seen = c.speakOf(news, id)
	c.last = linkTo(e)
	e.MAC = s.mac(c.last.hash)
	return e, nil
}

// bounded is text as every store keeps it and a line of a log can hold it.
func bounded(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// speakOf are the links to those heads that the chain has not yet spoken of. A clock
// that is ahead of ours puts an event after ours: that one is for later.
func (c *chain) speakOf(news []storage.AuditEvent, id string) string {
	var links []string
	seen := maps.Clone(c.seen)
	for _, e := range news {
		if e.Writer != c.writer && e.ID < id && seen[e.Writer] < e.ID {
			if seen == nil {
				seen = map[string]string{}
			}
			links = append(links, linkTo(e).String())
			seen[e.Writer] = e.ID
		}
	}
	if len(seen) > 10*maxSeen { // chains end; to speak of one again does no harm
		seen = nil
	}
	c.seen = seen
	return strings.Join(links, " ")
}
