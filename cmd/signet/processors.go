package main

import "runtime"

// addProcessor lets goroutines run on one thread more than there are processors, unless
// GOMAXPROCS says how many. Password hashes and RSA signatures, which Go lets run for 10 ms
// at a time, may take as many threads as there are processors; whatever else comes in then has
// a thread of its own, and the system shares the processors out. Call it when the pools that
// are as large as there are processors have been made. The returned function undoes it.
func (v *server) addProcessor() (restore func()) {
	if v.env["GOMAXPROCS"] != "" {
		return func() {}
	}
	threads := runtime.GOMAXPROCS(0) + 1
	runtime.GOMAXPROCS(threads)
	v.log.Debug().Int("GOMAXPROCS", threads).Msg("threads: one more than processors")
	return runtime.SetDefaultGOMAXPROCS
}
