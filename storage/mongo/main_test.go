package mongo_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// waiting is how many tests run at a time: those that are parallel here wait for
// the driver, which lets half a second pass before it tries again.
const waiting = 16

func TestMain(m *testing.M) {
	flag.Parse()
	parallel := flag.Lookup("test.parallel")
	if procs := runtime.GOMAXPROCS(0); procs < waiting && parallel.Value.String() == strconv.Itoa(procs) {
		_ = parallel.Value.Set(strconv.Itoa(waiting))
	}
	os.Exit(m.Run())
}
