package admin_test

import (
	"testing"

	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/audit"
)

// L28 of the interactive checklist, the part of administrators.
func TestMustChangePassword(t *testing.T) {
	f := newFixture(t)
	u, err := f.admin.Users().Create(f.ctx, admin.NewUser{Username: "alice", Password: alicePass, MustChangePassword: true})
	must(t, err)
	if !u.MustChangePassword {
		t.Error("it is not set at creation")
	}
	f.session("alice", "one")
	_, err = f.admin.Users().Update(f.ctx, u.ID, admin.UserChange{FullName: ptr("Alice")})
	must(t, err)
	o := f.owner("alice", "one")
	for _, yes := range []bool{false, true} {
		_, err := o.Update(f.ctx, admin.UserChange{MustChangePassword: &yes})
		wantField(t, "by the user", err, "must_change_password")
	}
	changed, err := o.SetPassword(f.ctx, "eleven green bottles")
	must(t, err)
	if changed.MustChangePassword {
		t.Error("it is still set after the user's own change")
	}
	changed, err = f.admin.Users().SetPassword(f.ctx, u.ID, admin.NewPassword{Password: "twelve brave kettles", MustChange: ptr(true)})
	must(t, err)
	if !changed.MustChangePassword {
		t.Error("it is not set with a new password")
	}
	if changed, err = f.admin.Users().SetPassword(f.ctx, u.ID, admin.NewPassword{Password: "thirteen odd spoons"}); err != nil || !changed.MustChangePassword {
		t.Errorf("another password without a word: %+v, %v", changed, err)
	}
	changed, err = f.admin.Users().Update(f.ctx, u.ID, admin.UserChange{MustChangePassword: ptr(false)})
	must(t, err)
	if changed.MustChangePassword {
		t.Error("it cannot be taken back")
	}
	if got := f.details(audit.EventUserUpdated); len(got) != 2 || got[1] != "must_change_password off" {
		t.Errorf("audited %q", got)
	}
	if got := f.details(audit.EventPasswordSet); len(got) != 3 || got[0] != "password, must_change_password off" || got[1] != "password, must_change_password on" || got[2] != "password" {
		t.Errorf("audited %q", got)
	}
}
