//go:build unix

package main

import (
	"syscall"
)

// withoutCoreDumps keeps a crash from writing the memory, with the keys in it,
// to disk. Where the system refuses, things stay as the operator set them.
func withoutCoreDumps() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
