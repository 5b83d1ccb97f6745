//go:build unix

package main

import (
	"syscall"
)

// withoutCoreDumps keeps a crash from writing the memory, with the keys in it,
// to disk. If the system refuses, the limit stays as it was.
func withoutCoreDumps() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
