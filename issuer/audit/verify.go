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
// that events may have been made under before. Against are chain heads of an earlier
// report, all of which must still be there. The store's oldest record is of storeSince,
// the zero time where that is not known. The error is the store's.
func Verify(ctx context.Context, store Records, masters []keys.MasterKey, against []string, storeSince time.Time) (Report, error) {
	return verify(ctx, store, newVerification(masters), against, storeSince, func() {})
}

// Verify is [Verify] of this log, under the keys that the log was made with. It calls examined for
// each event.
func (l *Log) Verify(ctx context.Context, storeSince time.Time, examined func()) (Report, error) {
	w := newVerification(nil)
	w.macKeys = l.anchorKeys
	return verify(ctx, l.store, w, nil, storeSince, examined)
}

func verify(ctx context.Context, store Records, w *verification, against []string, storeSince time.Time, examined func()) (Report, error) {
	if err := w.readAnchor(ctx, store, storeSince); err != nil {
		return Report{}, err
	}
	for _, text := range against {
		l, ok := parseLink(text)
		if !ok {
			return Report{}, errors.New("invalid chain head in the earlier report")
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
			w.check(e)
			examined()
		}
		if p.After = page.Next; p.After == "" {
			break
		}
	}
	if err := w.readConcurrentSweeps(ctx, store); err != nil {
		return Report{}, err
	}
	return w.finish(), nil
}

// expectation holds the hashes by which later events link to an earlier one.
type expectation struct {
	hash   digest
	by     string // who says so
	writer string // of the chain, where the event is the one before in it; else ""
	seq    int64
	proven bool // by an event whose own content is proven
	linked bool // by another event, so that it is no head
}

// verification is one verification under way.
type verification struct {
	macKeys   []macKey
	report    Report
	expected  map[string]expectation
	lowestSeq map[string]int64 // writer → the least place in its chain that was met
	swept     string
	anchor    *anchor // nil where there is none that can be believed
}

func newVerification(masters []keys.MasterKey) *verification {
	w := &verification{expected: map[string]expectation{}, lowestSeq: map[string]int64{}}
	w.report.ChainHeads = []string{}
	for _, m := range masters {
		w.macKeys = append(w.macKeys, newMACKey(m))
	}
	return w
}

// check judges one event by itself and by what later ones have said of it.
func (w *verification) check(e storage.AuditEvent) {
	w.report.Events++
	w.report.Since = e.At
	if w.report.Until.IsZero() {
		w.report.Until = e.At
	}
	if e.Writer == "" {
		w.checkUnchained(e)
		return
	}
	h := hash(e)
	x, expected := w.expected[e.ID]
	delete(w.expected, e.ID)
	if !expected || !x.linked {
		w.report.ChainHeads = append(w.report.ChainHeads, link{e.ID, h}.String())
	}
	proven := w.proven(e, h, x, expected)
	w.checkPosition(e, x, expected)
	if proven && checkpoint(e) > w.swept {
		w.swept = checkpoint(e)
	}
	w.expectLinks(e, proven)
}

// proven tells whether the content is what its writer wrote, and blames the event if
// it is not.
func (w *verification) proven(e storage.AuditEvent, h digest, x expectation, expected bool) bool {
	if expected && x.hash != h {
		w.addFault(FaultAltered, e, "its content is not what "+x.by+" says")
		return false
	}
	for _, s := range w.macKeys {
		if s.id != e.KeyID {
			continue
		}
		if s.verify(e, h) {
			return true
		}
		w.addFault(FaultAltered, e, "its MAC does not fit its content")
		return false
	}
	if expected && x.proven {
		return true
	}
	w.addFault(FaultUnproven, e, "made under a master key that was not given")
	return false
}

// checkPosition judges the event's place in its chain.
func (w *verification) checkPosition(e storage.AuditEvent, x expectation, expected bool) {
	lowest, met := w.lowestSeq[e.Writer]
	if !met {
		w.report.Chains++
	}
	follows := expected && x.writer == e.Writer && x.seq == e.Seq
	if met && !follows && lowest != e.Seq+1 {
		w.addFault(FaultLoose, e, fmt.Sprintf("place %d in its chain, of which the next is %d", e.Seq, lowest))
	} else if met && !follows {
		w.addFault(FaultLoose, e, "the next event of its chain does not follow it")
	}
	if !met || e.Seq < lowest {
		w.lowestSeq[e.Writer] = e.Seq
	}
}

// expectLinks adds the links of the event to the expectations.
func (w *verification) expectLinks(e storage.AuditEvent, proven bool) {
	by := "event " + e.ID
	if e.Seq > 1 {
		if l, ok := parseLink(e.Prev); ok {
			w.expect(l, expectation{by: by, writer: e.Writer, seq: e.Seq - 1, proven: proven, linked: true})
		} else {
			w.addFault(FaultAltered, e, "it does not name the event before it")
		}
	}
	for text := range strings.FieldsSeq(e.Seen) {
		if l, ok := parseLink(text); ok {
			w.expect(l, expectation{by: by, proven: proven, linked: true})
		}
	}
}

// expect adds to what is said of an event. What its own chain says of it weighs
// more than what others do; what is proven weighs more than what is not.
func (w *verification) expect(l link, x expectation) {
	x.hash = l.hash
	before, known := w.expected[l.id]
	x.linked = x.linked || before.linked
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

// checkUnchained blames an event without a chain: the log has had chains from its
// beginning.
func (w *verification) checkUnchained(e storage.AuditEvent) {
	w.report.Unchained++
	w.addFault(FaultUnchained, e, "it has no chain")
}

func (w *verification) addFault(kind string, e storage.AuditEvent, detail string) {
	w.report.fault(Fault{Kind: kind, Event: e.ID, Writer: e.Writer, At: e.At, Detail: detail})
}

// readConcurrentSweeps takes in the checkpoints of a sweep that came in between.
func (w *verification) readConcurrentSweeps(ctx context.Context, store storage.Audit) error {
	if len(w.expected) == 0 {
		return nil
	}
	page, err := store.ListAudit(ctx, storage.AuditFilter{Type: EventSwept, Newest: true}, storage.Page{Limit: 10})
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	for _, e := range page.Events {
		for _, s := range w.macKeys {
			if s.id == e.KeyID && s.verify(e, hash(e)) {
				w.swept = max(w.swept, checkpoint(e))
			}
		}
	}
	return nil
}

// finish reports the events that are linked to and missing, unless they were swept.
func (w *verification) finish() Report {
	for _, id := range slices.Sorted(maps.Keys(w.expected)) {
		if x := w.expected[id]; id >= w.swept {
			w.report.fault(Fault{Kind: FaultMissing, Event: id, Writer: x.writer, Detail: "it is not there, and " + x.by + " speaks of it"})
		}
	}
	w.checkAnchorCount()
	w.report.Swept = minIDTime(w.swept)
	w.report.OK = w.report.FaultCount == 0
	return w.report
}

// minIDTime is the time that a floor stands for; zero if it is none.
func minIDTime(id string) time.Time {
	var high, low int64
	if _, err := fmt.Sscanf(id, "%08x-%04x", &high, &low); err != nil {
		return time.Time{}
	}
	return time.UnixMilli(high<<16 | low).UTC()
}
