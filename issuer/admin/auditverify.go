package admin

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/keys"
)

// maxVerification bounds how long a verification of the audit log in the background takes.
const maxVerification = 6 * time.Hour

// The states of a verification of the audit log.
const (
	VerificationNone    = "none" // since this process started
	VerificationRunning = "running"
	VerificationDone    = "done"
	VerificationFailed  = "failed" // the store did not give all of the log
)

// AuditVerification is a verification of the audit log by this process.
type AuditVerification struct {
	State     string        `json:"state"`
	StartedAt *time.Time    `json:"started_at,omitempty"`
	EndedAt   *time.Time    `json:"ended_at,omitempty"`
	Events    int64         `json:"events"` // examined so far
	Report    *audit.Report `json:"report,omitempty"`
}

// auditVerifier verifies the log in the background, once at a time.
type auditVerifier struct {
	mu     sync.Mutex
	last   AuditVerification
	events atomic.Int64
}

func (a *auditVerifier) state() AuditVerification {
	a.mu.Lock()
	defer a.mu.Unlock()
	v := a.last
	if v.State == "" {
		v.State = VerificationNone
	}
	v.Events = a.events.Load()
	return v
}

// begin tells whether a verification may begin now.
func (a *auditVerifier) begin(at time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last.State == VerificationRunning {
		return false
	}
	a.last = AuditVerification{State: VerificationRunning, StartedAt: &at}
	a.events.Store(0)
	return true
}

func (a *auditVerifier) end(at time.Time, r audit.Report, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last.EndedAt = &at
	if a.last.State = VerificationFailed; err == nil {
		a.last.State, a.last.Report = VerificationDone, &r
	}
}

// Verification returns the last verification that this process has begun, as far as it is.
func (a Audit) Verification() (AuditVerification, error) {
	if err := a.admin.actor.mayDoEverything(); err != nil {
		return AuditVerification{}, err
	}
	return a.admin.service.verifier.state(), nil
}

// StartVerification begins to verify the log in the background, where no verification is under way
// in this process. It reads the whole log, a page at a time.
func (a Audit) StartVerification(ctx context.Context) (AuditVerification, error) {
	if err := a.admin.actor.mayDoEverything(); err != nil {
		return AuditVerification{}, err
	}
	s := a.admin.service
	since, err := s.oldestKey()
	if err != nil {
		return AuditVerification{}, err
	}
	if !s.verifier.begin(s.now()) {
		return s.verifier.state(), nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxVerification)
	go func() {
		defer cancel()
		report, err := s.log.Verify(ctx, since, func() { s.verifier.events.Add(1) })
		s.verifier.end(s.now(), report, err)
	}()
	return s.verifier.state(), nil
}

// oldestKey is when the oldest signing key was made, the zero time where there is none: the audit
// log must not have begun after it.
func (s *Service) oldestKey() (oldest time.Time, err error) {
	if s.keys == nil {
		return oldest, nil
	}
	plan, err := s.keys.Plan(keys.PlanRequest{})
	for _, k := range plan.Keys {
		if oldest.IsZero() || k.CreatedAt.Before(oldest) {
			oldest = k.CreatedAt
		}
	}
	return oldest, err
}
