// Package bench measures what requests cost a running issuer.
//
// A workload is one kind of request. Workers, each with one connection, send it in a closed
// loop: a worker sends its next request when the one before is answered. A workload runs in
// rounds, and between two rounds the package measures the processor time of one RSA-2048
// signature:
//
//	signature ─► prepare, not measured ─► requests, measured ─► signature ─► …
//
// The cost of a request, S, is the processor time of the server, as its metrics tell it,
// divided by that of one signature. It is unknown where the metrics cannot be read.
//
// The package speaks HTTP alone: it imports nothing of the issuer. Tokens, passwords and
// secrets are in no error and no result.
package bench
