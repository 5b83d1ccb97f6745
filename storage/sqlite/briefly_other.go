//go:build !linux

package sqlite

import "time"

// briefly sleeps.
func briefly(d time.Duration) { time.Sleep(d) }
