package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// The anchor is one sealed record beside the log. It is made with the store, before the
// first event, and says from then on that events are chained: one without a chain, an
// emptied log and a cut tail are faults. It holds the heads of the chains as they were
// last seen, and only rises. Whoever has the store alone can neither make one nor put
// events in its place; who keeps an old copy of both can put both back, which only a
// report kept elsewhere shows (Verify, against).

// anchorName is the shared set that holds the anchor as its only member.
const anchorName = "audit_anchor"

// maxAnchorHeads bounds the chain heads of an anchor. Those of older chains are linked
// to by the events that came after them.
const maxAnchorHeads = 64

// maxAnchorAttempts bounds the lost compare-and-swaps in a row.
const maxAnchorAttempts = 50

// Store is what a log is kept in.
type Store interface {
	Records
	storage.LoginRecorder
}

// Records are what Verify reads.
type Records interface {
	storage.Audit
	storage.SharedSets
}

// anchor is the content of the record.
type anchor struct {
	Genesis int64    `json:"genesis"` // when the log began, in milliseconds since 1970
	Number  int64    `json:"number"`  // counts the anchors of a log
	Events  int64    `json:"events"`  // that were appended up to now, at least
	Heads   []string `json:"heads"`   // links, by rising id
}

func (a anchor) began() time.Time { return time.UnixMilli(a.Genesis).UTC() }

// encodeAnchor seals the anchor: JSON, key id and MAC.
func (s macKey) encodeAnchor(a anchor) (string, error) {
	content, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(content)
	return strings.Join([]string{text, s.id, s.mac(anchorDigest(text))}, "."), nil
}

func anchorDigest(text string) digest {
	// No event is written so: hash begins with another word.
	return digestOf("signet audit anchor 1\x00" + text)
}

var (
	errAnchorAltered  = errors.New("the anchor of the audit log is not as it was sealed")
	errAnchorUnproven = errors.New("the anchor of the audit log was sealed under a master key that was not given")
)

// decodeAnchor opens an anchor that was sealed under one of the keys, and tells which.
func decodeAnchor(macKeys []macKey, members []string) (a anchor, keyID string, err error) {
	if len(members) != 1 {
		return a, "", errAnchorAltered
	}
	parts := strings.Split(members[0], ".")
	if len(parts) != 3 {
		return a, "", errAnchorAltered
	}
	for _, s := range macKeys {
		if s.id != parts[1] {
			continue
		}
		content, err := base64.RawURLEncoding.DecodeString(parts[0])
		if err != nil || !s.fits(anchorDigest(parts[0]), parts[2]) || json.Unmarshal(content, &a) != nil {
			return anchor{}, "", errAnchorAltered
		}
		return a, s.id, nil
	}
	return a, "", errAnchorUnproven
}

// Begin makes the anchor of a new store, before anything else is in it. One that is
// there stays.
func (l *Log) Begin(ctx context.Context) error {
	return l.makeAnchor(ctx, nil)
}

// Rebuild makes a new anchor for a log that was filled by a restore, whatever is there.
func (l *Log) Rebuild(ctx context.Context) error {
	heads, err := l.chainHeads(ctx)
	if err != nil {
		return err
	}
	old, err := l.store.SharedSet(ctx, anchorName)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	_, err = l.swapAnchor(ctx, old.Version, anchor{Genesis: l.now().UnixMilli(), Heads: l.provenLinks(heads)})
	return err
}

func (l *Log) makeAnchor(ctx context.Context, heads []string) error {
	_, err := l.store.SharedSet(ctx, anchorName)
	if err == nil {
		return nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	_, err = l.swapAnchor(ctx, 0, anchor{Genesis: l.now().UnixMilli(), Heads: heads})
	return err
}

// swapAnchor stores the next anchor, and tells whether another writer was faster.
func (l *Log) swapAnchor(ctx context.Context, version int64, next anchor) (lost bool, err error) {
	next.Number++
	text, err := l.macKey.encodeAnchor(next)
	if err != nil {
		return false, err
	}
	_, err = l.store.SwapSharedSet(ctx, storage.SharedSet{Name: anchorName, Members: []string{text}, Version: version})
	if errors.Is(err, storage.ErrConflict) {
		return true, nil
	}
	return false, err
}

// raiseAnchor takes the heads into the anchor, unless it has them already. It makes no
// anchor where there is none, and leaves alone one that it cannot open: both are for
// Verify to find.
func (l *Log) raiseAnchor(ctx context.Context, heads []storage.AuditEvent) error {
	links := l.provenLinks(heads)
	for range maxAnchorAttempts {
		set, err := l.store.SharedSet(ctx, anchorName)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		old, keyID, err := decodeAnchor(l.anchorKeys, set.Members)
		if err != nil {
			return nil
		}
		next := old
		next.Heads = mergeHeads(old.Heads, links)
		counted := l.unanchored.Load()
		if keyID == l.macKey.id && counted == 0 && slices.Equal(next.Heads, old.Heads) {
			return nil
		}
		next.Events += counted
		lost, err := l.swapAnchor(ctx, set.Version, next)
		if err != nil {
			return err
		}
		if !lost {
			l.unanchored.Add(-counted)
			return nil
		}
	}
	return storage.Unavailable("raise the anchor of the audit log", errors.New("it changed at every step"))
}

// provenLinks are links to those events that were made under the log's own key.
func (l *Log) provenLinks(events []storage.AuditEvent) []string {
	var links []string
	for _, e := range events {
		if h := hash(e); e.KeyID == l.macKey.id && l.macKey.verify(e, h) {
			links = append(links, link{e.ID, h}.String())
		}
	}
	slices.Sort(links)
	return links
}

// mergeHeads are both, by rising id, the newest of them where they are too many.
func mergeHeads(old, more []string) []string {
	all := slices.Concat(old, more)
	slices.Sort(all)
	all = slices.Compact(all)
	return all[max(0, len(all)-maxAnchorHeads):]
}

// readAnchor judges the log by its anchor. storeSince is when the store's oldest record
// was made, the zero time where nothing is known.
func (w *verification) readAnchor(ctx context.Context, store storage.SharedSets, storeSince time.Time) error {
	set, err := store.SharedSet(ctx, anchorName)
	if errors.Is(err, storage.ErrNotFound) {
		w.addAnchorFault(FaultMissing, "the log has no anchor, which was made with the store")
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the anchor of the audit log: %w", err)
	}
	a, _, err := decodeAnchor(w.macKeys, set.Members)
	switch {
	case errors.Is(err, errAnchorUnproven):
		w.addAnchorFault(FaultUnproven, err.Error())
		return nil
	case err != nil:
		w.addAnchorFault(FaultAltered, err.Error())
		return nil
	}
	w.anchor = &a
	w.report.Began = a.began()
	if !storeSince.IsZero() && a.began().After(storeSince.Add(anchorSlack)) {
		w.addAnchorFault(FaultMissing, "the log was begun anew after the store was made")
	}
	for _, text := range a.Heads {
		if l, ok := parseLink(text); ok {
			w.expect(l, expectation{by: "the anchor", proven: true})
		}
	}
	return nil
}

// anchorSlack is how much later than the store's first record a log may begin.
const anchorSlack = time.Hour

func (w *verification) addAnchorFault(kind, detail string) {
	w.report.fault(Fault{Kind: kind, Event: "anchor", Detail: detail})
}

// checkAnchorCount blames a log with fewer events than were appended. Where some were
// swept the number says nothing.
func (w *verification) checkAnchorCount() {
	if w.anchor != nil && w.swept == "" && w.report.Events < w.anchor.Events {
		w.addAnchorFault(FaultMissing, fmt.Sprintf("%d events were written, %d are there", w.anchor.Events, w.report.Events))
	}
}

// anchorKeysOf are the keys that an anchor may be sealed under.
func anchorKeysOf(own macKey, others []keys.MasterKey) []macKey {
	all := []macKey{own}
	for _, m := range others {
		all = append(all, newMACKey(m))
	}
	return all
}
