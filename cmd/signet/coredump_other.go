//go:build !unix

package main

// withoutCoreDumps: there are none.
func withoutCoreDumps() {}
