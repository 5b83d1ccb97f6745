// Package audit keeps the audit log such that nobody can change it unnoticed.
//
// Events are chained. A chain is one run of one program, its writer; so instances
// never wait for each other. Each event holds the hash of the one before it in its
// chain, and a MAC under a key that derives from the master key: whoever has the
// store alone can make none. From time to time an event also holds the hashes of the
// newest events of other chains that its writer has seen:
//
//	chain A   a1 ◄── a2 ◄── a3 ◄── a4            ◄── prev
//	                  ▲             ▲
//	                  ╎             ╎            ◄╌╌ seen
//	chain B          b1 ◄── b2 ◄── b3 ◄── b4
//
// so that cutting a3 off, or the whole of chain A, leaves a trace in B.
//
// A writer has one write under way at a time; events that come meanwhile wait and
// go together in the next. A login is such a write too: its session, its counters and its
// events are one step of the store ([Log.Record]). When the outcome of a write is not known, its chain ends
// there and the next event begins another: a chain never forks, and one that ends in
// the middle, because its program was killed, is whole.
//
// [Verify] walks from the newest event to the oldest. What it can show and what it
// cannot is in docs/audit.md.
package audit
