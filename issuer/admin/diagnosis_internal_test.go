package admin

import (
	"slices"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/storage"
)

func TestDiagnose_EveryReason(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hash := storage.User{PasswordHash: "hash"}
	app := storage.UserFactors{TOTP: &storage.TOTPFactor{}, Recovery: &storage.RecoveryCodes{}}
	failed := func(kind, detail string) storage.AuditEvent { return storage.AuditEvent{Type: kind, Detail: detail} }
	mfa, phr := map[string]string{"editor": issuer.AuthenticationMFA}, map[string]string{"editor": issuer.AuthenticationPhishingResistant}
	met := map[ReasonCode]bool{}
	for name, c := range map[string]struct {
		state  signInState
		want   []ReasonCode
		blocks int
	}{
		"nothing":                      {signInState{user: hash}, nil, 0},
		"disabled comes first":         {signInState{user: storage.User{PasswordHash: "hash", MustChangePassword: true, Disabled: true}}, []ReasonCode{ReasonDisabled, ReasonMustChange}, 1},
		"no password and nothing else": {signInState{}, []ReasonCode{ReasonNoWayIn}, 1},
		"no password but a link":       {signInState{links: 1}, []ReasonCode{ReasonNoPassword}, 0},
		"locks":                        {signInState{user: hash, locks: []issuer.Lock{{By: "network", Until: now}, {By: "account", Until: now}}}, []ReasonCode{ReasonThrottledNetwork, ReasonThrottledAccount}, 0},
		"a factor is demanded":         {signInState{user: hash, demanded: mfa}, []ReasonCode{ReasonFactorMissing}, 0},
		"a passkey is demanded":        {signInState{user: hash, demanded: phr, factors: storage.UserFactors{TOTP: &storage.TOTPFactor{}}}, []ReasonCode{ReasonPasskeyMissing, ReasonNoRecoveryCodes}, 0},
		"no codes are left":            {signInState{user: hash, demanded: mfa, factors: app}, []ReasonCode{ReasonNoRecoveryCodes}, 0},
		"failures": {signInState{user: hash, failures: []storage.AuditEvent{
			failed(audit.EventLoginThrottled, "login"), failed(audit.EventLoginFailed, ""), failed(audit.EventSecondFactorFailed, "passkey"), failed(audit.EventLoginFailed, ""), failed(audit.EventLoginFailed, "passkey"),
		}}, []ReasonCode{ReasonWrongPassword, ReasonWrongSecondFactor, ReasonRefusedLogin}, 0},
	} {
		c.state.now = now
		got := diagnose(c.state)
		var codes []ReasonCode
		for n, r := range got {
			codes, met[r.Code] = append(codes, r.Code), true
			if r.Blocks != (n < c.blocks) || r.Detail == "" || r.Remedy == "" {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if !slices.Equal(codes, c.want) {
			t.Errorf("%s: %v, want %v", name, codes, c.want)
		}
	}
	for _, code := range ReasonCodes() {
		if !met[code] {
			t.Errorf("no case has the reason %s", code)
		}
	}
}

func TestDiagnose_CountsAndTimes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := now.Add(time.Hour)
	wrong := storage.AuditEvent{Type: audit.EventLoginFailed}
	got := diagnose(signInState{
		now: now, user: storage.User{PasswordHash: "hash"}, demanded: map[string]string{"editor": issuer.AuthenticationMFA},
		factors: storage.UserFactors{EnrolBy: later}, locks: []issuer.Lock{{By: "account", Until: later}}, failures: []storage.AuditEvent{wrong, wrong},
	})
	for code, is := range map[ReasonCode]func(SignInReason) bool{
		ReasonThrottledAccount: func(r SignInReason) bool { return r.Until != nil && r.Until.Equal(later) },
		ReasonFactorMissing:    func(r SignInReason) bool { return r.Until != nil && r.Until.Equal(later) },
		ReasonWrongPassword:    func(r SignInReason) bool { return r.Count == 2 },
	} {
		if !slices.ContainsFunc(got, func(r SignInReason) bool { return r.Code == code && is(r) }) {
			t.Errorf("%s is missing or wrong in %+v", code, got)
		}
	}
}
