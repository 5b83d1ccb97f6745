// Package mongotest gives tests a MongoDB-wire database, with nothing to
// install: it builds the nested module server once, runs it as a child process
// on 127.0.0.1, and hands out databases on it.
//
// [URI] gives a test a fresh database on a server that all tests of the binary
// share. [Start] gives it a server of its own, which can be killed and
// restarted. With SIGNET_TEST_MONGODB_URI set, the databases are made on that
// server instead, and dropped again.
//
// The built server is kept in the user's cache directory, under a name made
// from its sources. Where it cannot be built (its modules cannot be fetched)
// tests are skipped, but fail where CI=true.
//
// A [Kind] makes a server name a replica set, ask for a login, refuse writes or
// speak an old protocol: what it says of itself, not what it is.
//
// The test server is honest about atomicity and durability after a kill -9,
// and says nothing about write and read concerns, failover or speed: it uses no
// index. Keep collections to a few hundred documents.
package mongotest
