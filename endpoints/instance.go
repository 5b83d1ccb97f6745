package endpoints

import (
	"context"
	"time"

	"example.org/signet/issuer/admin"
)

// Instance is what the process knows of itself beside the parts that the endpoints use.
type Instance interface {
	State() InstanceState // from memory
	Settings() []Setting  // in the order of their names; no secret is among them
}

// InstanceState is how one instance of an issuer is at a moment. Times are in seconds, negative for
// none.
type InstanceState struct {
	Version          string     `json:"version"`
	Revision         string     `json:"revision,omitempty"`
	Go               string     `json:"go"`
	Signer           string     `json:"signer"`
	Store            string     `json:"store"` // without a password
	StartedAt        time.Time  `json:"started_at"`
	SigningKeyAge    float64    `json:"signing_key_age_seconds"`
	NextKeyChange    float64    `json:"next_key_change_seconds"`
	KeyringAge       float64    `json:"keyring_age_seconds"` // since the keys were read from the store
	StatusListAge    float64    `json:"status_list_age_seconds"`
	PasswordQueue    int        `json:"password_queue"` // that wait for a password hash
	MessagesWaiting  int        `json:"messages_waiting"`
	OldestMessageAge float64    `json:"oldest_message_seconds"`
	LastSweep        *SweepInfo `json:"last_sweep,omitempty"` // nil before the first
}

// SweepInfo is the last sweep of expired records by this instance.
type SweepInfo struct {
	At      time.Time `json:"at"`
	Deleted int64     `json:"deleted"`
	Failed  bool      `json:"failed"`
}

// Setting is one setting as it is in force.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from,omitempty"` // the flag, variable or file that gave it; "" for the default
}

// InstanceStatus is the answer of GET /api/v1/status.
type InstanceStatus struct {
	Issuer string   `json:"issuer"`
	Status string   `json:"status"`          // as /readyz says
	Failed []string `json:"fault,omitempty"` // likewise
	InstanceState
}

const (
	pathStatusAPI   = "/api/v1/status"
	pathSettingsAPI = "/api/v1/settings"
)

// instanceEndpoints tell about the instance that answers.
type instanceEndpoints struct {
	issuer   string
	instance Instance
	ready    *readiness
}

func (i instanceEndpoints) status(ctx context.Context) InstanceStatus {
	s := InstanceStatus{Issuer: i.issuer, Status: "ready", InstanceState: i.instance.State()}
	if s.Failed = i.ready.failed(ctx); len(s.Failed) > 0 {
		s.Status = "not ready"
	}
	return s
}

// showStatus is GET /api/v1/status.
func (i instanceEndpoints) showStatus(ctx context.Context, _ *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return i.status(ctx), nil
}

// listSettings is GET /api/v1/settings.
func (i instanceEndpoints) listSettings(_ context.Context, _ *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return map[string]any{"items": i.instance.Settings()}, nil
}

// mountInstance mounts what the admin API tells about the instance.
func (m *routeBuilder) mountInstance(i instanceEndpoints) {
	if i.instance == nil {
		return
	}
	m.api(pathStatusAPI, corsNone, apiMethod{method: "GET", rule: RuleAdmin, handler: adminHandler(i.showStatus)})
	m.api(pathSettingsAPI, corsNone, apiMethod{method: "GET", rule: RuleSuperAdmin, handler: adminHandler(i.listSettings)})
}
