// Package adapters shows package verify in front of the routers and the RPC
// framework that people use: gorilla/mux, chi, gin and gRPC, a function each.
package adapters
