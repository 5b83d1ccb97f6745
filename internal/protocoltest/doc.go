// Package protocoltest tests the protocol against a running Signet, over HTTP
// and on any storage backend. Three lines let a backend join:
//
//	func TestProtocol(t *testing.T) {
//		protocoltest.Run(t, func(t testing.TB) storage.Store { return openEmpty(t) })
//	}
//
// [Start] gives any test a Signet of its own: a real issuer, real keys and real
// endpoints over the backend, on a clock that the test moves and a store that
// fails where the test says so. Whatever was secret in it is searched for in
// every log line, audit event, metric and error answer when the test ends, and
// package checker looks through what is left.
//
// Subtests are named by the attack or fault that they test.
package protocoltest
