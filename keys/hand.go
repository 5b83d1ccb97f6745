package keys

// A Hand changes the keys for somebody, whom the events then name.
type Hand struct {
	manager *Manager
	by      string
}

// As returns the hand of whoever wants a change: a user's id, a command. With
// nobody named it is the instance itself.
func (m *Manager) As(by string) Hand { return Hand{manager: m, by: by} }

func (h Hand) report(e Event) {
	e.By = h.by
	h.manager.report(e)
}
