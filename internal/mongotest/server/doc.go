// Command server is the database of the tests: a MongoDB-wire server of one
// file, started by package mongotest as a child process.
//
// Behind its address stands FerretDB v1 on SQLite files. FerretDB answers an
// update with a read, a change in memory and a write that nothing holds
// together, where MongoDB changes a document atomically, so a proxy in front
// of it lets one writing command through at a time:
//
//	test ──▶ listener ──▶ serializer ──▶ FerretDB ──▶ SQLite files
//	         127.0.0.1    (the lock)     127.0.0.1
//
// The first line on standard output is the connection string. The server ends
// when its standard input does, so that it never outlives the test binary.
package main
