package keys

import "time"

// Ages are for those who watch the keys.
type Ages struct {
	Signing time.Duration // of the signing key, since it was made; negative where none signs
	Change  time.Duration // until the next change that is in sight; negative where none is
	View    time.Duration // since the records were read; beyond [Config.StaleAfter] nothing is signed
}

// Ages tells how old things are now, from memory.
func (m *Manager) Ages() Ages {
	s, now := m.view()
	a := Ages{Signing: -1, Change: -1, View: now.Sub(s.read)}
	for _, i := range s.infos {
		if i.State == Active {
			a.Signing = max(0, now.Sub(i.CreatedAt))
		}
	}
	if plan, err := m.Plan(Intent{}); err == nil && len(plan.Changes) > 0 {
		a.Change = max(0, plan.Changes[0].At.Sub(now))
	}
	return a
}
