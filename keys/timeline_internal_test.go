package keys

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/storage"
	"pgregory.net/rapid"
)

// at is a moment, in minutes from the beginning; 0 is the zero time.
func at(minutes int) time.Time {
	if minutes == 0 {
		return time.Time{}
	}
	return time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
}

// row is a record: when it was created, starts by itself, starts its
// predecessor, was revoked.
type row struct{ created, activates, predecessor, revoked int }

func records(rows ...row) []storage.Key {
	var keys []storage.Key
	for i, r := range rows {
		keys = append(keys, storage.Key{
			Seq: int64(i + 1), KID: fmt.Sprintf("k%d", i+1), CreatedAt: at(r.created), ActivatesAt: at(r.activates),
			PredecessorActivatesAt: at(r.predecessor), RevokedAt: at(r.revoked),
		})
	}
	return keys
}

func (l timeline) String() string {
	var b strings.Builder
	for _, s := range l.spans {
		fmt.Fprintf(&b, "%s@%d ", l.keys[s.key].KID, int(s.start.Sub(at(1))/time.Minute)+1)
	}
	return strings.TrimSpace(b.String())
}

func TestTimeline(t *testing.T) {
	for name, c := range map[string]struct {
		rows []row
		want string
	}{
		"empty":                        {nil, ""},
		"first key alone":              {[]row{{created: 1, activates: 1}}, "k1@1"},
		"first key and standby":        {[]row{{created: 1, activates: 1}, {created: 1}}, "k1@1"},
		"rotation":                     {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 50}}, "k1@1 k2@50"},
		"rotation to come":             {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 90}}, "k1@1 k2@90"},
		"two rotations":                {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 50}, {created: 99, predecessor: 99}}, "k1@1 k2@50 k3@99"},
		"active revoked":               {[]row{{1, 1, 0, 40}, {created: 1}}, "k1@1 k2@40"},
		"active revoked, new standby":  {[]row{{1, 1, 0, 40}, {created: 1}, {created: 40}}, "k1@1 k2@40"},
		"standby revoked":              {[]row{{1, 1, 0, 0}, {1, 0, 0, 40}, {created: 40}}, "k1@1"},
		"standby revoked, rotation":    {[]row{{1, 1, 0, 0}, {1, 0, 0, 40}, {created: 40}, {created: 70, predecessor: 70}}, "k1@1 k3@70"},
		"retired revoked":              {[]row{{1, 1, 0, 60}, {created: 1}, {created: 50, predecessor: 50}}, "k1@1 k2@50"},
		"revoked while one is pending": {[]row{{1, 1, 0, 60}, {created: 1}, {created: 50, predecessor: 90}}, "k1@1 k2@60"},
		"pending one revoked":          {[]row{{1, 1, 0, 0}, {1, 0, 0, 60}, {created: 50, predecessor: 90}}, "k1@1"},
		"pending one revoked, successor stays standby until rotated": {
			[]row{{1, 1, 0, 0}, {1, 0, 0, 60}, {created: 50, predecessor: 90}, {created: 95, predecessor: 95}}, "k1@1 k3@95"},
		"newest standby revoked while one is pending": {[]row{{1, 1, 0, 0}, {created: 1}, {50, 0, 90, 60}, {created: 60}}, "k1@1 k2@90"},
		"both revoked":                   {[]row{{1, 1, 0, 40}, {1, 0, 0, 40}}, "k1@1"},
		"active revoked after standby":   {[]row{{1, 1, 0, 50}, {1, 0, 0, 40}}, "k1@1"},
		"all revoked, a fresh one":       {[]row{{1, 1, 0, 40}, {1, 0, 0, 40}, {45, 45, 0, 0}, {created: 45}}, "k1@1 k3@45"},
		"nobody left, a standby arrives": {[]row{{1, 1, 0, 40}, {1, 0, 0, 40}, {created: 45}}, "k1@1 k3@45"},
		"hurried":                        {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 90}, {created: 60, predecessor: 60}}, "k1@1 k2@60"},
		"hurried, then rotated":          {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 90}, {created: 60, predecessor: 60}, {created: 200, predecessor: 200}}, "k1@1 k2@60 k4@200"},
		"hurried twice": {[]row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 90}, {created: 60, predecessor: 60},
			{created: 70, predecessor: 150}, {created: 80, predecessor: 80}}, "k1@1 k2@60 k4@80"},
		"hurried one revoked":               {[]row{{1, 1, 0, 0}, {1, 0, 0, 70}, {created: 50, predecessor: 90}, {created: 60, predecessor: 60}}, "k1@1 k2@60 k3@70"},
		"started and revoked at once":       {[]row{{1, 1, 0, 0}, {1, 0, 0, 50}, {created: 50, predecessor: 50}}, "k1@1 k2@50 k3@50"},
		"revoked before its start":          {[]row{{1, 1, 0, 0}, {1, 0, 0, 49}, {created: 48, predecessor: 50}}, "k1@1"},
		"made by clocks that disagree":      {[]row{{10, 10, 0, 0}, {created: 7}}, "k1@10"},
		"rotated by a clock that is behind": {[]row{{10, 10, 0, 0}, {created: 10}, {created: 8, predecessor: 8}}, "k2@8"},
		"oldest records gone":               {rowsWithoutFirst(), "k1@5 k2@50"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newTimeline(records(c.rows...)).String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// rollbackTo is the record of a rollback to the key numbered n.
func rollbackTo(n int, minute int) func(*storage.Key) {
	return func(k *storage.Key) { k.Restores, k.RestoresAt = fmt.Sprintf("k%d", n), at(minute) }
}

func verifiesUntil(until int) func(*storage.Key) {
	return func(k *storage.Key) { k.VerifiesUntil = at(until) }
}

func TestTimelineWithRollbacksAndImports(t *testing.T) {
	rotated := []row{{1, 1, 0, 0}, {created: 1}, {created: 50, predecessor: 50}}
	and := func(more ...row) []row { return append(slices.Clone(rotated), more...) }
	for name, c := range map[string]struct {
		rows    []row
		changes map[int]func(*storage.Key) // by number
		want    string
	}{
		"rollback":                           {and(row{created: 60}), map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50 k1@60"},
		"then a rotation":                    {and(row{created: 60}, row{created: 90, predecessor: 90}), map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50 k1@60 k4@90"},
		"then revoked":                       {[]row{{1, 1, 0, 70}, rotated[1], rotated[2], {created: 60}}, map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50 k1@60 k3@70"},
		"the other one revoked":              {[]row{rotated[0], {1, 0, 0, 70}, rotated[2], {created: 60}}, map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50 k1@60"},
		"to a revoked key":                   {[]row{{1, 1, 0, 55}, rotated[1], rotated[2], {created: 60}}, map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50"},
		"to a standby":                       {and(row{created: 60}), map[int]func(*storage.Key){4: rollbackTo(3, 60)}, "k1@1 k2@50"},
		"to nobody":                          {and(row{created: 60}), map[int]func(*storage.Key){4: rollbackTo(9, 60)}, "k1@1 k2@50"},
		"to the one that signs":              {and(row{created: 60}), map[int]func(*storage.Key){4: rollbackTo(2, 60)}, "k1@1 k2@50"},
		"a later rotation by a clock behind": {and(row{created: 60}, row{created: 58, predecessor: 58}), map[int]func(*storage.Key){4: rollbackTo(1, 60)}, "k1@1 k2@50 k4@58"},
		"imported, verifies only":            {[]row{{1, 1, 0, 0}, {created: 1}, {created: 10}, {created: 50, predecessor: 50}}, map[int]func(*storage.Key){3: verifiesUntil(40)}, "k1@1 k2@50"},
		"it never takes over":                {[]row{{1, 1, 0, 20}, {1, 0, 0, 20}, {created: 10}, {created: 30}}, map[int]func(*storage.Key){3: verifiesUntil(40)}, "k1@1 k4@30"},
		"imported, active":                   {[]row{{1, 1, 0, 0}, {created: 1}, {10, 10, 0, 0}}, nil, "k1@1 k3@10"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := records(c.rows...)
			for n, change := range c.changes {
				change(&keys[n-1])
			}
			if got := newTimeline(keys).String(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// rowsWithoutFirst has lost the record of the key before the first.
func rowsWithoutFirst() []row {
	return []row{{created: 5}, {created: 20, predecessor: 20}, {created: 50, predecessor: 50}}
}

func TestTimelineIgnoresOrderOfRecords(t *testing.T) {
	keys := records(row{1, 1, 0, 0}, row{created: 1}, row{created: 50, predecessor: 50})
	slices.Reverse(keys)
	if got := newTimeline(keys).String(); got != "k1@1 k2@50" {
		t.Errorf("got %q", got)
	}
}

func TestDescribe(t *testing.T) {
	const retention = 20 * time.Minute
	keys := records(row{1, 1, 0, 0}, row{created: 1}, row{created: 50, predecessor: 60}, row{created: 60, revoked: 65})
	for _, c := range []struct {
		minute int
		want   []State
	}{
		{1, []State{Active, Standby, Standby, Revoked}}, // a revocation by a clock that is ahead counts at once
		{59, []State{Active, Standby, Standby, Revoked}},
		{60, []State{Retired, Active, Standby, Revoked}},
		{79, []State{Retired, Active, Standby, Revoked}},
		{80, []State{Expired, Active, Standby, Revoked}},
	} {
		var got []State
		for _, info := range newTimeline(keys).describe(at(c.minute), retention) {
			got = append(got, info.State)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("minute %d: got %v, want %v", c.minute, got, c.want)
		}
	}
	infos := newTimeline(keys).describe(at(10), retention)
	if !infos[0].RetiresAt.Equal(at(60)) || !infos[0].UnpublishedAt.Equal(at(80)) || !infos[1].ActivatesAt.Equal(at(60)) {
		t.Errorf("planned times are wrong: %+v", infos)
	}
}

// A key that a forced rotation passed over stays published as if it had signed:
// an instance that read the records in between may have used it.
func TestPassedOverKeyIsRetired(t *testing.T) {
	l := newTimeline(records(row{1, 1, 0, 0}, row{created: 1}, row{created: 50, predecessor: 90}, row{created: 60, predecessor: 60}, row{created: 200, predecessor: 200}))
	infos := l.describe(at(205), 20*time.Minute)
	if infos[2].State != Retired || !infos[2].UnpublishedAt.Equal(at(220)) || !infos[2].ActivatesAt.IsZero() {
		t.Errorf("got %+v", infos[2])
	}
}

func TestActiveForClocksThatAreBehind(t *testing.T) {
	first := newTimeline(records(row{10, 10, 0, 0}, row{created: 10}))
	if i := first.spanAt(at(5)); i < 0 || first.keys[first.spans[i].key].KID != "k1" {
		t.Error("before its start the first key must sign already")
	}
	revoked := newTimeline(records(row{1, 1, 0, 40}, row{created: 1}))
	if i := revoked.spanAt(at(35)); i < 0 || revoked.keys[revoked.spans[i].key].KID != "k2" {
		t.Error("a revocation from the future must count at once")
	}
}

func TestWindow(t *testing.T) {
	l := newTimeline(records(row{1, 1, 0, 0}, row{created: 1}, row{created: 50, predecessor: 60}))
	for _, c := range []struct{ minute, from, until int }{{30, 1, 60}, {60, 60, 80}, {79, 60, 80}, {80, 80, 0}, {500, 80, 0}} {
		from, until := l.stableWindow(at(c.minute), 20*time.Minute)
		if !from.Equal(at(c.from)) || !until.Equal(at(c.until)) {
			t.Errorf("minute %d: got %v to %v", c.minute, from, until)
		}
	}
}

func TestRemovable(t *testing.T) {
	const retention = 20 * time.Minute
	day := int(recordRetention / time.Minute)
	rotations := []row{{1, 1, 0, 0}, {created: 1}, {created: 100, predecessor: 100}, {created: 200, predecessor: 200}, {created: 300, predecessor: 300}}
	for name, c := range map[string]struct {
		rows   []row
		minute int
		want   string
	}{
		"long gone":                    {rotations, 1 + 100 + 40 + day, "k1"},
		"not gone for long enough":     {rotations, 100 + 39 + day, ""},
		"one of the two newest past":   {rotations[:4], 9 * day, ""},
		"another's start hangs on it":  {[]row{{1, 1, 0, 30}, {1, 0, 0, 10}, {10, 0, 0, 20}, {created: 20}, {created: 30}}, 9 * day, ""},
		"revoked, and the rest agrees": {[]row{{1, 1, 0, 10}, {created: 1}, {created: 10, predecessor: 20}, {created: 30, predecessor: 30}, {created: 40, predecessor: 40}}, 9 * day, "k1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := newTimeline(records(c.rows...)).removable(at(c.minute), retention)
			if got.KID != c.want || ok != (c.want != "") {
				t.Errorf("got %q %v, want %q", got.KID, ok, c.want)
			}
		})
	}
}

// recordHistory makes records as instances make them, with rotations, forced ones,
// revocations and lost standbys in any order, by clocks that differ by skew.
type recordHistory struct {
	keys []storage.Key
	now  time.Time
}

const (
	simAhead     = 60 * time.Minute
	simRetention = 45 * time.Minute
)

func (h *recordHistory) line() timeline { return newTimeline(h.keys) }

func (h *recordHistory) insert(k storage.Key) {
	k.Seq = int64(len(h.keys) + 1)
	k.KID, k.CreatedAt = fmt.Sprintf("k%d", k.Seq), h.now
	h.keys = append(h.keys, k)
}

func (h *recordHistory) ensureStandby() {
	for {
		infos := h.line().describe(h.now, simRetention)
		switch {
		case !slices.ContainsFunc(infos, func(i Info) bool { return i.State == Active }):
			h.insert(storage.Key{ActivatesAt: h.now})
		case !slices.ContainsFunc(infos, func(i Info) bool { return i.State == Standby && i.ActivatesAt.IsZero() }):
			h.insert(storage.Key{})
		default:
			return
		}
	}
}

func (h *recordHistory) rotate(force bool) {
	if _, pending := h.line().pending(h.now); pending && !force {
		return
	}
	start := h.now
	if !force {
		start = later(h.now, h.keys[len(h.keys)-1].CreatedAt.Add(simAhead))
	}
	h.insert(storage.Key{PredecessorActivatesAt: start})
}

func (h *recordHistory) rollback() {
	if _, pending := h.line().pending(h.now); pending {
		return
	}
	if previous, ok := h.line().previous(h.now, simRetention); ok {
		h.insert(storage.Key{Restores: previous.KID, RestoresAt: h.now})
	}
}

func (h *recordHistory) revoke(i int) {
	if h.keys[i].RevokedAt.IsZero() {
		h.keys[i].RevokedAt = h.now
	}
}

// step does one thing that an instance may do.
func (h *recordHistory) step(t *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
	switch rapid.SampledFrom([]string{"rotate", "rotate", "force", "revoke", "rollback", "settle", "wait"}).Draw(t, "step") {
	case "rollback":
		h.ensureStandby()
		h.rollback()
	case "rotate":
		h.ensureStandby()
		h.rotate(false)
	case "force":
		h.ensureStandby()
		h.rotate(true)
	case "revoke":
		h.revoke(rapid.IntRange(0, len(h.keys)-1).Draw(t, "which"))
		if rapid.Bool().Draw(t, "crash") {
			return
		}
		h.ensureStandby()
	case "settle":
		h.ensureStandby()
	}
}

func TestTimelineProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &recordHistory{now: at(1)}
		h.ensureStandby()
		lastSigned := map[string]time.Time{}
		past := map[string]bool{}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			before, then := h.line(), h.now
			h.step(t)
			if last := h.keys[len(h.keys)-1]; last.RestoresAt.Equal(h.now) {
				delete(past, last.Restores)
			}
			checkUnchangedPast(t, before, h.line(), then, h.now)
			for now := then; !now.After(h.now); now = now.Add(time.Minute) {
				checkMoment(t, h.line().describe(now, simRetention), now, lastSigned, past, now.Equal(h.now))
			}
		}
	})
}

// checkUnchangedPast: a decision made now changes nothing before now, but for
// what a revocation withdraws.
func checkUnchangedPast(t *rapid.T, before, after timeline, from, now time.Time) {
	for minute := from; minute.Before(now); minute = minute.Add(time.Minute) {
		i, j := before.spanAt(minute), after.spanAt(minute)
		if i < 0 || j < 0 {
			continue
		}
		was, is := before.keys[before.spans[i].key], after.keys[after.spans[j].key]
		if was.KID != is.KID && after.keys[before.spans[i].key].RevokedAt.IsZero() {
			t.Fatalf("at %v %s signed, and now %s is said to have", minute, was.KID, is.KID)
		}
	}
}

// checkMoment looks at one moment. Past moments are seen with the revocations
// of later ones, so what depends on those is asked of the present only.
func checkMoment(t *rapid.T, infos []Info, now time.Time, lastSigned map[string]time.Time, past map[string]bool, present bool) {
	var actives []Info
	candidates := 0
	for _, info := range infos {
		if info.State == Active {
			actives = append(actives, info)
		}
		if info.State == Active || info.State == Standby {
			candidates++
		}
		if signed, ok := lastSigned[info.KID]; ok && info.State != Revoked && !info.isPublished() && now.Before(signed.Add(simRetention)) {
			t.Fatalf("%s signed at %v and is %s at %v", info.KID, signed, info.State, now)
		}
		if present && info.State == Retired || info.State == Expired {
			past[info.KID] = true
		}
	}
	if len(actives) > 1 || candidates > 0 && len(actives) == 0 {
		t.Fatalf("%d active keys of %d that could be: %+v", len(actives), candidates, infos)
	}
	for _, info := range actives {
		if past[info.KID] {
			t.Fatalf("%s was retired and signs again", info.KID)
		}
		if present {
			lastSigned[info.KID] = now
		}
	}
}

// Whatever the records are, the derivation neither fails nor lets two keys sign.
func TestTimelineOfAnyRecords(t *testing.T) {
	minute := rapid.IntRange(0, 40)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) row {
			return row{1 + minute.Draw(t, "created"), minute.Draw(t, "activates"), minute.Draw(t, "predecessor"), minute.Draw(t, "revoked")}
		}), 0, 8).Draw(t, "rows")
		l := newTimeline(records(rows...))
		for i := 1; i < len(l.spans); i++ {
			if l.spans[i].key <= l.spans[i-1].key || l.spans[i].start.Before(l.spans[i-1].start) {
				t.Fatalf("spans do not rise: %s", l)
			}
		}
		now := at(1 + minute.Draw(t, "now"))
		living, active := 0, 0
		for _, info := range l.describe(now, simRetention) {
			if info.State == Active {
				active++
			}
			if info.State == Active || info.State == Standby {
				living++
			}
		}
		if active > 1 || living > 0 && active == 0 {
			t.Fatalf("%d active of %d living in %s", active, living, l)
		}
		if from, until := l.stableWindow(now, simRetention); from.After(now) || !until.IsZero() && !until.After(now) {
			t.Fatalf("the window %v to %v does not hold %v", from, until, now)
		}
	})
}

// Removing records, as far as removable allows it, never changes what is still
// to come.
func TestRemovalChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &recordHistory{now: at(1)}
		h.ensureStandby()
		for range rapid.IntRange(5, 25).Draw(t, "steps") {
			h.step(t)
		}
		h.ensureStandby()
		l := h.line()
		for later := range 60 {
			now := h.now.Add(time.Duration(later) * time.Hour)
			before := l.publishedAt(now, simRetention)
			for _, ok := l.removable(now, simRetention); ok; _, ok = l.removable(now, simRetention) {
				l = l.withoutOldest()
			}
			after := l.publishedAt(now, simRetention)
			if len(before) != len(after) {
				t.Fatalf("%d keys counted, %d after the removal", len(before), len(after))
			}
			for kid, info := range before {
				if after[kid] != info {
					t.Fatalf("%s: %+v became %+v", kid, info, after[kid])
				}
			}
		}
	})
}
