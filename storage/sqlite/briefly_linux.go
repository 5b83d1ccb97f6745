package sqlite

import (
	"syscall"
	"time"
)

// briefly sleeps for less than a millisecond, which is the least that a timer of an idle Go program
// takes.
func briefly(d time.Duration) {
	pause := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&pause, nil) // a signal may end it early, which does no harm
}
