// Package e2e judges the built binary from outside, by clients that this
// project did not write: those of Go in the folder go, which is a module of its
// own so that they are no dependencies of this one, those of npm in node and those
// of PyPI in python. It also plays what examples/ shows, some of it in Chromium.
//
// It holds tests only. They build cmd/signet once (with the race detector where
// the tests have it), run it as a child process on 127.0.0.1 with a store of
// its own, drive it over HTTP and by its command line, stop and kill it by its
// process id, and start it again on the same store. After each server's end its
// log is searched for every secret that went over the wire.
//
// What is in another language needs its interpreter and its packages; without
// them it is skipped with a word on how to install them, but fails where CI=true.
// SIGNET_TEST_SLOW=1 makes the restarts under load many more.
package e2e
