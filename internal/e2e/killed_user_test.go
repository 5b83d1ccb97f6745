package e2e_test

import (
	"errors"
	"net/http"
	"os/exec"
	"slices"
	"testing"

	"example.org/signet/internal/failpoint"
)

// changes are what a command does to a user, and where it is killed. After each
// of them it has happened wholly or not at all: a new password comes with the
// end of the sessions, and the old one without it (X03).
var changes = []struct {
	point failpoint.Point
	args  []string
	stdin string
	done  bool // the change is visible
}{
	{failpoint.UserUpdating, []string{"set-password", bob, "--password-stdin"}, bobNewPassword, false},
	{failpoint.UserUpdated, []string{"set-password", bob, "--password-stdin"}, bobNewPassword, true},
	{failpoint.UserRevokedAll, []string{"set-password", bob, "--password-stdin"}, bobNewPassword, true},
	{failpoint.UserUpdating, []string{"disable", bob}, "", false},
	{failpoint.UserUpdated, []string{"disable", bob}, "", true},
	{failpoint.UserDeleted, []string{"delete", bob, "--yes"}, "", true},
}

const bobNewPassword = "a thoroughly new one"

func (k *crashTest) users(t *testing.T) {
	k.front.wire.keep(bobNewPassword)
	for _, c := range changes {
		t.Run(c.args[0]+", at "+string(c.point), func(t *testing.T) {
			held := k.node.login(t, k.web, bob, bobPassword)
			k.commandDies(t, c.point, c.stdin, append([]string{"user"}, c.args...)...)
			if !c.done {
				held = k.node.refresh(t, k.web, held.RefreshToken)
				k.node.wantActive(t, k.web, held.AccessToken, held.RefreshToken)
				k.node.login(t, k.web, bob, bobPassword)
				return
			}
			k.node.wantDead(t, k.web, held.AccessToken, held.RefreshToken)
			k.node.mustPost(t, "/oauth2/token", k.web, refreshForm(held.RefreshToken)).refused(t, http.StatusBadRequest, "invalid_grant")
			k.node.mustPost(t, "/oauth2/token", k.web, passwordForm(bob, bobPassword)).refused(t, http.StatusBadRequest, "invalid_grant")
			k.undo(t, c.args[0])
			k.node.login(t, k.web, bob, bobPassword)
			k.node.wantDead(t, k.web, held.AccessToken, held.RefreshToken) // nothing is revived
		})
	}
}

// undo makes bob log in again with his password.
func (k *crashTest) undo(t *testing.T, did string) {
	t.Helper()
	switch did {
	case "set-password":
		k.node.login(t, k.web, bob, bobNewPassword)
		k.front.run(t, bobPassword+"\n", slices.Concat([]string{"user", "set-password", bob, "--password-stdin"}, cheapHash, k.store)...)
	case "disable":
		k.run(t, "user", "enable", bob)
	case "delete": // the name is free
		k.front.addUser(t, bob, bobPassword, slices.Concat(k.store, cheapHash)...)
	}
}

// commandDies runs a command that is killed at the point.
func (k *crashTest) commandDies(t *testing.T, p failpoint.Point, stdin string, args ...string) {
	t.Helper()
	k.front.points = string(p) + "=kill"
	defer func() { k.front.points = "" }()
	args = append(args, k.store...)
	if stdin != "" {
		stdin += "\n"
		args = append(args, cheapHash...)
	}
	out, err := k.front.try(t, stdin, args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("signet %v was not killed at %s: %v\n%s", args, p, err, out)
	}
	k.kills++
}
