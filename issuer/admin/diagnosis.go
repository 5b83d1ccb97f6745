package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/role"
	"example.org/signet/storage"
)

// A Diagnosis says why a user cannot sign in, as far as the store knows.
type Diagnosis struct {
	Reasons     []SignInReason `json:"reasons"`                 // those that shut the user out for certain first
	LastLoginAt *time.Time     `json:"last_login_at,omitempty"` // by the audit log; nil for none in it
	Failures    []AuditEvent   `json:"failures"`                // the newest failed logins since then, newest first
}

// SignInReason is one reason why a user cannot sign in or, where Blocks is false, may fail to.
type SignInReason struct {
	Code   ReasonCode `json:"code"`
	Blocks bool       `json:"blocks"` // no sign-in by any way succeeds
	Detail string     `json:"detail"` // what is so
	Remedy string     `json:"remedy"` // what an administrator can do
	Until  *time.Time `json:"until,omitempty"`
	Count  int        `json:"count,omitempty"` // of failed logins
}

// ReasonCode names a reason for programs.
type ReasonCode string

// The reasons.
const (
	ReasonDisabled          ReasonCode = "disabled"
	ReasonNoWayIn           ReasonCode = "no_way_in"
	ReasonNoPassword        ReasonCode = "no_password"
	ReasonThrottledAccount  ReasonCode = "throttled_account"
	ReasonThrottledNetwork  ReasonCode = "throttled_network"
	ReasonMustChange        ReasonCode = "must_change_password"
	ReasonFactorMissing     ReasonCode = "factor_missing"
	ReasonPasskeyMissing    ReasonCode = "passkey_missing"
	ReasonNoRecoveryCodes   ReasonCode = "no_recovery_codes"
	ReasonWrongPassword     ReasonCode = "wrong_password"
	ReasonWrongSecondFactor ReasonCode = "wrong_second_factor"
	ReasonRefusedLogin      ReasonCode = "refused_login"
)

// ReasonCodes returns all of them.
func ReasonCodes() []ReasonCode {
	return []ReasonCode{
		ReasonDisabled, ReasonNoWayIn, ReasonNoPassword, ReasonThrottledAccount, ReasonThrottledNetwork, ReasonMustChange,
		ReasonFactorMissing, ReasonPasskeyMissing, ReasonNoRecoveryCodes, ReasonWrongPassword, ReasonWrongSecondFactor, ReasonRefusedLogin,
	}
}

// signInState is all that a diagnosis goes by.
type signInState struct {
	now      time.Time
	user     storage.User
	factors  storage.UserFactors
	links    int               // accounts at other providers
	demanded map[string]string // what a role of the user demands, by its name
	locks    []issuer.Lock
	failures []storage.AuditEvent // since the last login
}

// diagnose returns the reasons, those that block first.
func diagnose(s signInState) []SignInReason {
	reasons := slices.Concat(accountReasons(s), lockReasons(s), factorReasons(s), failureReasons(s))
	slices.SortStableFunc(reasons, func(a, b SignInReason) int {
		switch {
		case a.Blocks == b.Blocks:
			return 0
		case a.Blocks:
			return -1
		}
		return 1
	})
	return reasons
}

func accountReasons(s signInState) (reasons []SignInReason) {
	if s.user.Disabled {
		reasons = append(reasons, SignInReason{Code: ReasonDisabled, Blocks: true, Detail: "the account is disabled", Remedy: "enable it"})
	}
	switch {
	case s.user.PasswordHash != "":
	case s.links == 0 && len(s.factors.Passkeys) == 0:
		reasons = append(reasons, SignInReason{Code: ReasonNoWayIn, Blocks: true, Detail: "there is no password, no passkey and no account at another provider", Remedy: "invite the user, or send a link to choose a password"})
	default:
		reasons = append(reasons, SignInReason{Code: ReasonNoPassword, Detail: "there is no password: only a passkey or an account at another provider signs the user in", Remedy: "send a link to choose a password, if that is wanted"})
	}
	if s.user.MustChangePassword {
		reasons = append(reasons, SignInReason{Code: ReasonMustChange, Detail: "a new password must be chosen at the next sign-in in a browser; the password grant is refused until then", Remedy: "ask the user to sign in in a browser, or take the demand back"})
	}
	return reasons
}

func lockReasons(s signInState) (reasons []SignInReason) {
	for _, l := range s.locks {
		r := SignInReason{
			Code: ReasonThrottledNetwork, Until: &l.Until, Detail: "after too many failed logins from one network or client, more from there are refused",
			Remedy: "unlock the user, or wait",
		}
		if l.By == "account" {
			r.Code, r.Detail = ReasonThrottledAccount, "after too many failed logins, more are refused from networks where the user has not logged in before"
		}
		reasons = append(reasons, r)
	}
	return reasons
}

func factorReasons(s signInState) (reasons []SignInReason) {
	has := factor.Any(s.factors)
	for _, name := range slices.Sorted(maps.Keys(s.demanded)) {
		switch policy := s.demanded[name]; {
		case policy == issuer.AuthenticationPhishingResistant && len(s.factors.Passkeys) == 0:
			reasons = append(reasons, SignInReason{Code: ReasonPasskeyMissing, Detail: fmt.Sprintf("the role %s demands a passkey, and the user has none", name), Remedy: "ask the user to set one up at the next sign-in in a browser"})
		case policy != "" && !has:
			r := SignInReason{Code: ReasonFactorMissing, Detail: fmt.Sprintf("the role %s demands a second factor, and the user has none", name), Remedy: "ask the user to set one up at the next sign-in in a browser; the password grant is refused"}
			if by := s.factors.EnrolBy; by.After(s.now) {
				r.Until = &by
				r.Detail += " but may put it off"
			}
			reasons = append(reasons, r)
		}
	}
	if has && factor.Left(s.factors) == 0 {
		reasons = append(reasons, SignInReason{Code: ReasonNoRecoveryCodes, Detail: "no recovery code is left: who has lost the second factor cannot sign in", Remedy: "make sure who asks, and remove the second factors"})
	}
	return reasons
}

// failureReasons sums the failed logins up by their kind.
func failureReasons(s signInState) (reasons []SignInReason) {
	count := map[ReasonCode]int{}
	refused := ""
	for _, e := range s.failures {
		switch {
		case e.Type == audit.EventLoginThrottled: // see lockReasons
		case e.Type == audit.EventSecondFactorFailed:
			count[ReasonWrongSecondFactor]++
		case e.Detail == "":
			count[ReasonWrongPassword]++
		default:
			if count[ReasonRefusedLogin]++; refused == "" {
				refused = e.Detail
			}
		}
	}
	add := func(code ReasonCode, detail, remedy string) {
		if n := count[code]; n > 0 {
			reasons = append(reasons, SignInReason{Code: code, Count: n, Detail: detail, Remedy: remedy})
		}
	}
	add(ReasonWrongPassword, "the password was wrong at the last attempts", "send a link to choose a new password")
	add(ReasonWrongSecondFactor, "the second factor was wrong at the last attempts", "check the clock of the device; else make sure who asks, and remove the second factors")
	add(ReasonRefusedLogin, "the last login was refused for another reason: "+refused, "see the failed logins")
	return reasons
}

// The bounds of a diagnosis.
const (
	maxFailuresShown = 20
	maxLoginPages    = 3 // of the user's events that are looked through for the last login
)

// failureTypes are the events of failed logins.
var failureTypes = []string{audit.EventLoginFailed, audit.EventLoginThrottled, audit.EventSecondFactorFailed}

// Diagnose says why a user cannot sign in. It reads the same as a sign-in, and changes nothing.
func (u Users) Diagnose(ctx context.Context, id string) (Diagnosis, error) {
	s := u.admin.service
	x, err := s.readUser(ctx, id)
	if err != nil {
		return Diagnosis{}, err
	}
	state := signInState{now: s.now(), user: x, demanded: map[string]string{}}
	roles, err := s.store.ListRoles(ctx)
	if err != nil {
		return Diagnosis{}, issuer.StoreError(err)
	}
	set := role.NewSet(roles)
	for _, name := range x.Roles {
		state.demanded[name] = set.Authentication(name)
	}
	if state.factors, err = s.factors.Of(ctx, x); err != nil {
		return Diagnosis{}, issuer.StoreError(err)
	}
	links, err := u.Links(ctx, id)
	if err != nil {
		return Diagnosis{}, err
	}
	state.links = len(links.Items)
	if state.locks, err = s.throttler.Locks(ctx, x.ID); err != nil {
		return Diagnosis{}, err
	}
	last, err := s.lastLogin(ctx, x.ID)
	if err != nil {
		return Diagnosis{}, err
	}
	if state.failures, err = s.failedLogins(ctx, x.ID, last); err != nil {
		return Diagnosis{}, err
	}
	d := Diagnosis{Reasons: append([]SignInReason{}, diagnose(state)...), Failures: make([]AuditEvent, len(state.failures))}
	if !last.IsZero() {
		d.LastLoginAt = &last
	}
	for n, e := range state.failures {
		d.Failures[n] = toAuditEvent(e)
	}
	return d, nil
}

// lastLogin returns when the user logged in last, the zero time where the newest of their events
// say nothing of it.
func (s *Service) lastLogin(ctx context.Context, id string) (time.Time, error) {
	f, p := storage.AuditFilter{Actor: id, Type: audit.EventLoginSucceeded, Newest: true}, storage.Page{Limit: 1}
	for range maxLoginPages {
		page, err := s.store.ListAudit(ctx, f, p)
		switch {
		case err != nil:
			return time.Time{}, issuer.StoreError(err)
		case len(page.Events) > 0:
			return page.Events[0].At, nil
		case page.Next == "":
			return time.Time{}, nil
		}
		p.After = page.Next
	}
	return time.Time{}, nil
}

// failedLogins returns the newest failed logins as the user after that time, the newest first.
func (s *Service) failedLogins(ctx context.Context, id string, after time.Time) ([]storage.AuditEvent, error) {
	f := storage.AuditFilter{Target: id, Types: failureTypes, Newest: true}
	if !after.IsZero() {
		f.Since = after.Add(time.Millisecond)
	}
	page, err := s.store.ListAudit(ctx, withIDBounds(f), storage.Page{Limit: maxFailuresShown})
	return page.Events, issuer.StoreError(err)
}
