//go:build !unix

package bench

import "time"

// cpuTime returns false: the processor time of this process is not known here.
func cpuTime() (time.Duration, bool) { return 0, false }
