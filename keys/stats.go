package keys

import "time"

// Stats are durations for metrics.
type Stats struct {
	ActiveKeyAge time.Duration // of the signing key, since it was made; negative where none signs
	NextChange   time.Duration // until the next change that is in sight; negative where none is
	SnapshotAge  time.Duration // since the records were read; beyond [Config.StaleAfter] nothing is signed
	Refusals     int           // private keys that Go signs with because OpenSSL refused them
}

// Stats returns the current durations, from memory.
func (m *Manager) Stats() Stats {
	s, now := m.snapshots.get()
	stats := Stats{ActiveKeyAge: -1, NextChange: -1, SnapshotAge: now.Sub(s.readAt)}
	for _, p := range s.pairs {
		if p.refusal != nil {
			stats.Refusals++
		}
	}
	for _, i := range s.infos {
		if i.State == Active {
			stats.ActiveKeyAge = max(0, now.Sub(i.CreatedAt))
		}
	}
	if plan, err := m.Plan(PlanRequest{}); err == nil && len(plan.Transitions) > 0 {
		stats.NextChange = max(0, plan.Transitions[0].At.Sub(now))
	}
	return stats
}
