// Package e2e judges the built binary from outside, by clients that this
// project did not write: golang.org/x/oauth2 and coreos/go-oidc here, jose and
// oauth4webapi in the folder node.
//
// It holds tests only. They build cmd/signet once (with the race detector where
// the tests have it), run it as a child process on 127.0.0.1 with a store of
// its own, drive it over HTTP and by its command line, stop and kill it by its
// process id, and start it again on the same store. After each server's end its
// log is searched for every secret that went over the wire.
//
// The rounds in JavaScript need Node and `npm ci` in the folder node; without
// them they are skipped, but fail where CI=true. SIGNET_TEST_SLOW=1 makes the
// restarts under load many more.
package e2e
