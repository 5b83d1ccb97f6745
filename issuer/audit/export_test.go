package audit

// Waiting returns how many events wait for a write under way to end.
func Waiting(l *Log) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}
