package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// Verify walks through the whole log, from the newest event to the oldest, in memory
// that grows with the number of chains only. Masters are the master key, and those
// that events may have been made under before. Against are tips of an earlier
// report, all of which must still be there. The error is the store's.
func Verify(ctx context.Context, store storage.Audit, masters []keys.MasterKey, against []string) (Report, error) {
	w := newWalk(masters)
	for _, text := range against {
		l, ok := parseLink(text)
		if !ok {
			return Report{}, errors.New("the earlier report has a tip that is none")
		}
		w.expect(l, expectation{by: "the earlier report", proven: true})
	}
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := store.ListAudit(ctx, storage.AuditFilter{Newest: true}, p)
		if err != nil {
			return Report{}, fmt.Errorf("read the audit log: %w", err)
		}
		for _, e := range page.Events {
			w.visit(e)
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if err := w.sweptMeanwhile(ctx, store); err != nil {
		return Report{}, err
	}
	return w.conclude(), nil
}

// expectation is what later events say of an earlier one.
type expectation struct {
	hash   digest
	by     string // who says so
	writer string // of the chain, where the event is the one before in it; else ""
	seq    int64
	proven bool // by an event whose own content is proven
}

// walk is one verification under way.
type walk struct {
	sealers   []sealer
	report    Report
	expected  map[string]expectation
	lowest    map[string]int64 // writer → the least place in its chain that was met
	unchained []storage.AuditEvent
	swept     string
}

func newWalk(masters []keys.MasterKey) *walk {
	w := &walk{expected: map[string]expectation{}, lowest: map[string]int64{}}
	w.report.Tips = []string{}
	for _, m := range masters {
		w.sealers = append(w.sealers, newSealer(m))
	}
	return w
}

// visit judges one event by itself and by what later ones have said of it.
func (w *walk) visit(e storage.AuditEvent) {
	w.report.Events++
	w.report.Since = e.At
	if w.report.Until.IsZero() {
		w.report.Until = e.At
	}
	if e.Writer == "" {
		w.visitUnchained(e)
		return
	}
	w.blameUnchained()
	h := hash(e)
	said, expected := w.expected[e.ID]
	delete(w.expected, e.ID)
	if !expected {
		w.report.Tips = append(w.report.Tips, link{e.ID, h}.String())
	}
	proven := w.proven(e, h, said, expected)
	w.place(e, said, expected)
	if proven && checkpoint(e) > w.swept {
		w.swept = checkpoint(e)
	}
	w.follow(e, proven)
}

// proven tells whether the content is what its writer wrote, and blames the event if
// it is not.
func (w *walk) proven(e storage.AuditEvent, h digest, said expectation, expected bool) bool {
	if expected && said.hash != h {
		w.blame(FaultAltered, e, "its content is not what "+said.by+" says")
		return false
	}
	for _, s := range w.sealers {
		if s.id != e.KeyID {
			continue
		}
		if s.made(e, h) {
			return true
		}
		w.blame(FaultAltered, e, "its MAC does not fit its content")
		return false
	}
	if expected && said.proven {
		return true
	}
	w.blame(FaultUnproven, e, "made under a master key that was not given")
	return false
}

// place judges the event's place in its chain.
func (w *walk) place(e storage.AuditEvent, said expectation, expected bool) {
	lowest, met := w.lowest[e.Writer]
	if !met {
		w.report.Chains++
	}
	follows := expected && said.writer == e.Writer && said.seq == e.Seq
	if met && !follows && lowest != e.Seq+1 {
		w.blame(FaultLoose, e, fmt.Sprintf("place %d in its chain, of which the next is %d", e.Seq, lowest))
	} else if met && !follows {
		w.blame(FaultLoose, e, "the next event of its chain does not follow it")
	}
	if !met || e.Seq < lowest {
		w.lowest[e.Writer] = e.Seq
	}
}

// follow notes what the event says of others.
func (w *walk) follow(e storage.AuditEvent, proven bool) {
	by := "event " + e.ID
	if e.Seq > 1 {
		if l, ok := parseLink(e.Prev); ok {
			w.expect(l, expectation{by: by, writer: e.Writer, seq: e.Seq - 1, proven: proven})
		} else {
			w.blame(FaultAltered, e, "it does not name the event before it")
		}
	}
	for text := range strings.FieldsSeq(e.Seen) {
		if l, ok := parseLink(text); ok {
			w.expect(l, expectation{by: by, proven: proven})
		}
	}
}

// expect adds to what is said of an event. What its own chain says of it weighs
// more than what others do; what is proven weighs more than what is not.
func (w *walk) expect(l link, x expectation) {
	x.hash = l.hash
	before, known := w.expected[l.id]
	if known && before.hash != x.hash && before.proven && !x.proven {
		return
	}
	if known && before.hash == x.hash {
		x.proven = x.proven || before.proven
		if x.writer == "" {
			x.writer, x.seq = before.writer, before.seq
		}
	}
	w.expected[l.id] = x
}

func (w *walk) visitUnchained(e storage.AuditEvent) {
	w.report.Unchained++
	if len(w.unchained) < maxFaults {
		w.unchained = append(w.unchained, e)
	}
}

// blameUnchained blames the events without a chain that are newer than one with.
func (w *walk) blameUnchained() {
	for _, e := range w.unchained {
		w.blame(FaultUnchained, e, "it has no chain, and there were chains already")
	}
	w.unchained = nil
}

func (w *walk) blame(kind string, e storage.AuditEvent, detail string) {
	w.report.fault(Fault{Kind: kind, Event: e.ID, Writer: e.Writer, At: e.At, Detail: detail})
}

// sweptMeanwhile takes in the checkpoints of a sweep that came in between.
func (w *walk) sweptMeanwhile(ctx context.Context, store storage.Audit) error {
	if len(w.expected) == 0 {
		return nil
	}
	page, err := store.ListAudit(ctx, storage.AuditFilter{Type: EventSwept, Newest: true}, storage.Page{Limit: 10})
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	for _, e := range page.Events {
		for _, s := range w.sealers {
			if s.id == e.KeyID && s.made(e, hash(e)) {
				w.swept = max(w.swept, checkpoint(e))
			}
		}
	}
	return nil
}

// conclude blames for what is expected still, unless it was swept.
func (w *walk) conclude() Report {
	for _, id := range slices.Sorted(maps.Keys(w.expected)) {
		if x := w.expected[id]; id >= w.swept {
			w.report.fault(Fault{Kind: FaultMissing, Event: id, Writer: x.writer, Detail: "it is not there, and " + x.by + " speaks of it"})
		}
	}
	w.report.Swept = floorTime(w.swept)
	w.report.OK = w.report.FaultCount == 0
	return w.report
}

// floorTime is the time that a floor stands for; zero if it is none.
func floorTime(floor string) time.Time {
	var high, low int64
	if _, err := fmt.Sscanf(floor, "%08x-%04x", &high, &low); err != nil {
		return time.Time{}
	}
	return time.UnixMilli(high<<16 | low).UTC()
}
