package audit_test

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

const anchorName = "audit_anchor"

func (f *fixture) observe(l *audit.Log) {
	f.t.Helper()
	if err := l.Observe(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// withoutChain is an event as somebody would leave it who takes the chain out of it.
func withoutChain(e storage.AuditEvent) storage.AuditEvent {
	e.Writer, e.Seq, e.Prev, e.Seen, e.KeyID, e.MAC = "", 0, "", "", "", ""
	return e
}

// Whoever has the store and no master key can take nothing away, and cannot make the log
// look like one that never had chains.
func TestAnchor_Downgrades_AreFaults(t *testing.T) {
	f := newFixture(t)
	a, b := f.newLog(), f.newLog()
	f.write(a, "a1", "a2")
	f.write(b, "b1")
	f.write(a, "a3")
	f.observe(a)
	f.wantOK("untouched", f.verify(), 4, 2)
	if r := f.verify(); len(r.ChainHeads) != 2 || !r.Began.Equal(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("report %+v", r)
	}
	events, anchor := slices.Clone(f.store.events), f.store.sets[anchorName]
	stranger, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change func()
		kind   string
	}{
		"no event has a chain": {func() {
			for n, e := range f.store.events {
				f.store.events[n] = withoutChain(e)
			}
		}, audit.FaultUnchained},
		"emptied":                    {func() { f.store.events = nil }, audit.FaultMissing},
		"the tail cut off":           {func() { f.store.events = f.store.events[:3] }, audit.FaultMissing},
		"a whole chain taken away":   {func() { f.store.events = f.store.events[:2] }, audit.FaultMissing},
		"the anchor taken away":      {func() { delete(f.store.sets, anchorName) }, audit.FaultMissing},
		"emptied, anchor and all":    {func() { f.store.events = nil; delete(f.store.sets, anchorName) }, audit.FaultMissing},
		"an anchor that is none":     {func() { f.setAnchor("nonsense") }, audit.FaultAltered},
		"an anchor that was changed": {func() { f.setAnchor(withOtherContent(anchor.Members[0])) }, audit.FaultAltered},
		"a stranger's anchor": {func() {
			delete(f.store.sets, anchorName)
			if err := audit.New(f.store, stranger, f.now, rand.Reader).Begin(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, audit.FaultUnproven},
		"a forged oldest event": {func() {
			f.store.events = append(f.store.events, storage.AuditEvent{ID: "00000000-0000-7000-8000-000000000001", Type: "x", Writer: "forged", Seq: 1, KeyID: "x", MAC: "x"})
		}, audit.FaultUnproven},
	} {
		f.store.events = slices.Clone(events)
		f.store.sets = map[string]storage.SharedSet{anchorName: anchor}
		c.change()
		f.wantFault(what, f.verify(), c.kind)
		f.observe(f.newLog()) // a server that goes on hides nothing
		f.wantFault(what+", after a while", f.verify(), c.kind)
	}
}

func (f *fixture) setAnchor(member string) {
	g := f.store.sets[anchorName]
	g.Members = []string{member}
	f.store.sets[anchorName] = g
}

// withOtherContent puts other content before the same MAC.
func withOtherContent(sealed string) string {
	parts := strings.Split(sealed, ".")
	parts[0] = base64.RawURLEncoding.EncodeToString([]byte(`{"genesis":1,"number":1,"events":0,"heads":[]}`))
	return strings.Join(parts, ".")
}

// A log that was begun after the store's oldest record is not the store's first.
func TestAnchor_BegunAnew_IsAFault(t *testing.T) {
	f := newFixture(t)
	f.write(f.newLog(), "a1")
	masters := []keys.MasterKey{f.master}
	for since, ok := range map[time.Time]bool{f.now(): true, f.now().Add(-30 * 24 * time.Hour): false} {
		if r, err := audit.Verify(t.Context(), f.store, masters, nil, since); err != nil || r.OK != ok {
			t.Errorf("store since %v: %+v, %v", since, r, err)
		}
	}
}

// Nothing new, no write; many writers at once lose nothing.
func TestAnchor_RisesOnlyWithTheLog(t *testing.T) {
	f := newFixture(t)
	logs := []*audit.Log{f.newLog(), f.newLog(), f.newLog()}
	var wg sync.WaitGroup
	for _, l := range logs {
		wg.Go(func() {
			for range 20 {
				if _, err := l.Append(t.Context(), storage.AuditEvent{Type: "t"}); err != nil {
					t.Error(err)
				}
				if err := l.Observe(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, l := range logs {
		f.observe(l)
		if !l.Anchored() {
			t.Error("events that the anchor does not count")
		}
	}
	f.wantOK("afterwards", f.verify(), 60, 3)
	version := f.store.sets[anchorName].Version
	f.observe(logs[0])
	if f.store.sets[anchorName].Version != version {
		t.Error("a write without anything new")
	}
	f.store.events = slices.Delete(f.store.events, 10, 11)
	f.wantFault("one taken away", f.verify(), audit.FaultMissing)
}

// A restore begins the log of what it restored.
func TestAnchor_Rebuild(t *testing.T) {
	f := newFixture(t)
	a := f.newLog()
	f.write(a, "a1", "a2")
	f.store.sets = nil
	f.wantFault("no anchor", f.verify(), audit.FaultMissing)
	if err := a.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantOK("rebuilt", f.verify(), 2, 1)
	f.store.events = f.store.events[:1]
	f.wantFault("then cut", f.verify(), audit.FaultMissing)
}
