package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"example.org/signet/internal/failpoint"
)

// TestKilledDuringRotation: whoever changes the keys, a command or a server on its
// schedule, is killed at every step, with no clean-up. The keys are as they
// were or as they were to be, one signs, one stands by, no token is lost, and
// the next rotation works (K09).
func TestKilledDuringRotation(t *testing.T) {
	long(t)
	t.Parallel()
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := keyCrashTest{newCrashTest(t, uri(t))}
			for _, c := range []struct {
				command []string
				point   failpoint.Point
				done    bool
			}{
				{[]string{"rotate", "--now"}, failpoint.KeyInserting, false},
				{[]string{"rotate", "--now"}, failpoint.KeyInserted, true},
				{[]string{"rollback"}, failpoint.KeyInserting, false},
				{[]string{"rollback"}, failpoint.KeyInserted, true},
				{[]string{"revoke"}, failpoint.KeyRevoking, false},
				{[]string{"revoke"}, failpoint.KeyRevoked, true},
				{[]string{"revoke"}, failpoint.KeyInserting, true}, // of the standby that it entails
			} {
				t.Run(c.command[0]+", at "+string(c.point), func(t *testing.T) { k.command(t, c.command, c.point, c.done) })
			}
			for _, p := range []failpoint.Point{failpoint.KeyInserting, failpoint.KeyInserted} {
				t.Run("schedule, at "+string(p), func(t *testing.T) { k.schedule(t, p) })
			}
			t.Run("reseal", k.reseal)
			k.check(t, false)
		})
	}
}

type keyCrashTest struct{ *crashTest }

// listedKeys is the keys as a command shows them.
type listedKeys []struct{ KID, State string }

func (k keyCrashTest) ring(t *testing.T, flags ...string) (r listedKeys) {
	t.Helper()
	var list struct{ Items listedKeys }
	out := k.run(t, slices.Concat([]string{"keys", "list", "--output", "json"}, flags)...)
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func (r listedKeys) in(state string) (kids []string) {
	for _, k := range r {
		if k.State == state {
			kids = append(kids, k.KID)
		}
	}
	return kids
}

// active is the one key that signs; a key must stand by.
func (r listedKeys) active(t *testing.T) string {
	t.Helper()
	if len(r.in("active")) != 1 || len(r.in("standby")) == 0 {
		t.Fatalf("one key must sign and one stand by: %+v", r)
	}
	return r.in("active")[0]
}

// command kills a command on the keys of a server that goes on.
func (k keyCrashTest) command(t *testing.T, command []string, p failpoint.Point, done bool) {
	now := []string{"--keyring-refresh", "1ms"} // not kept from following another change
	k.run(t, slices.Concat([]string{"keys", "rotate", "--now"}, now)...)
	before := k.ring(t)
	old, held := before.active(t), k.node.login(t, k.web, alice, alicePassword)
	args := slices.Concat([]string{"keys"}, command, now)
	revoked := command[0] == "revoke"
	if revoked {
		args = slices.Concat([]string{"keys", "revoke", old, "--yes"}, now)
	}
	k.commandDies(t, p, "", args...)

	after := k.ring(t)
	if changed := after.active(t) != old; changed != done {
		t.Errorf("another key signs: %v, want %v; %+v", changed, done, after)
	}
	if gone := slices.Contains(after.in("revoked"), old); gone != (revoked && done) {
		t.Errorf("revoked: %v", gone)
	}
	if !revoked {
		k.node.wantActive(t, k.web, held.AccessToken)
	}
	k.follows(t, after.active(t))
	k.run(t, slices.Concat([]string{"keys", "rotate", "--now"}, now)...)
	next := k.ring(t).active(t)
	if next == after.active(t) {
		t.Error("the next rotation changed nothing")
	}
	k.follows(t, next)
	k.node.wantActive(t, k.web, k.node.refresh(t, k.web, held.RefreshToken).AccessToken)
}

// follows waits until the server signs with the key.
func (k keyCrashTest) follows(t *testing.T, kid string) {
	t.Helper()
	eventually(t, "the server to sign with "+kid, func() bool {
		return header(t, k.node.login(t, k.web, bob, bobPassword).AccessToken).KID == kid
	})
}

// schedule kills the server when it rotates by itself: the signing key is older
// than the interval that this life of the server has.
func (k keyCrashTest) schedule(t *testing.T, p failpoint.Point) {
	flags, before := k.node.flags, k.ring(t)
	k.node.stop(t)
	k.node.flags = slices.Concat(flags, []string{
		"--clock-skew", "10ms", "--rotation-interval", "300ms", "--publish-ahead", "200ms", "--jwks-max-age", "0s", "--keyring-refresh", "50ms", "--access-token-ttl", "30s",
	})
	k.node.points = string(p) + "=kill"
	k.node.launch(t)
	if code := k.node.child.wait(t); code != -1 {
		t.Fatalf("exit code %d, want to be killed at %s", code, p)
	}
	k.node.flags, k.node.points = flags, ""
	k.node.launch(t)
	k.node.waitReady(t)

	after := k.ring(t)
	if made := len(after) - len(before); p == failpoint.KeyInserting && made != 0 || p == failpoint.KeyInserted && made != 1 {
		t.Errorf("%d keys were made: %+v", made, after)
	}
	k.follows(t, after.active(t))
	k.run(t, "keys", "rotate", "--now", "--keyring-refresh", "1ms")
	k.follows(t, k.ring(t).active(t))
}

// reseal is killed after the first key, and does the rest when it is repeated.
func (k keyCrashTest) reseal(t *testing.T) {
	old, fresh := k.store[3], filepath.Join(t.TempDir(), "new.key")
	writeMasterKey(t, fresh)
	both := []string{"--storage", k.store[1], "--master-key-file", fresh, "--previous-master-key-file", old}
	before := k.ring(t)
	k.front.points = string(failpoint.KeyResealing) + "=kill@2"
	_, err := k.front.try(t, "", slices.Concat([]string{"keys", "reseal"}, both)...)
	k.front.points = ""
	if err == nil {
		t.Fatal("the command lived on")
	}
	k.store = both
	var done struct {
		Resealed []string
		Already  int `json:"already_resealed"`
	}
	if err := json.Unmarshal([]byte(k.run(t, "keys", "reseal", "--output", "json")), &done); err != nil {
		t.Fatal(err)
	}
	if len(done.Resealed) != len(before)-1 || done.Already != 1 {
		t.Errorf("the rest: %d, done before: %d, of %d", len(done.Resealed), done.Already, len(before))
	}
	k.store = []string{"--storage", both[1], "--master-key-file", fresh}
	if got, want := k.ring(t).active(t), before.active(t); got != want {
		t.Errorf("%s signs, want %s", got, want)
	}
}
