// Package linear holds, for tests, the sequential specification of a user's
// sessions (design of refresh: docs/architecture.md, package issuer), records
// what concurrent clients were answered, and lets porcupine decide whether the
// answers can be explained by one order of single steps.
//
// The specification is [Rules.Apply], a pure function. An answer that a client
// did not get, or that was 503 (outcome unknown), is an operation that has
// happened at any time since it was sent, or not at all.
package linear
