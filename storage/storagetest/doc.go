// Package storagetest is the contract of package storage in the form of tests.
// Every backend passes the same ones, so that what runs on one runs on all.
//
// A backend joins with three lines:
//
//	func TestContract(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storage.Store { return openEmpty(t) })
//	}
//
// and, if it outlives its process, with [RunReopen] as well. [Bench] measures
// the calls that every request makes, at the sizes that it is given.
//
// The tests hold at most a few dozen records each, because the small servers
// that stand in for large ones are slow; they never read the wall clock, and
// they race by racing.
package storagetest
