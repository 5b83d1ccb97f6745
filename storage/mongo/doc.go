// Package mongo stores records in MongoDB. It implements each method of package storage
// by one command on one document, whose filter holds the condition of the step. It uses no
// transactions, so a standalone server is enough for development and
// a replica set for production.
//
// What is unique lives in _id, which every server enforces and which shards.
// Login names are shared by two fields of a user, so each is a document of its
// own, a claim, in the collection logins:
//
//	           insert claim         insert or update user       confirm claim
//	free ───────────────────▶ claimed ──────────────────▶ held ─────────────▶ held
//	  ▲                          │ user not written,        │
//	  │      delete claim        │ claim a minute old       │ user renamed or deleted
//	  └──────────────────────────┴──────────────────────────┘
//
// A user owns a name if the claim names the user and the user document has the name. So the write of the user is
// the one step that gives or takes a name, and a stop before or after it
// leaves at most a claim without a user behind, which the next who wants the
// name takes over. A takeover and a confirmation exclude each other, because
// both are conditional on the claim as it was seen.
//
// Writes are acknowledged by a majority and journaled, reads are majority
// reads from the primary, whatever the connection string says. A server's
// error other than a duplicate key means outcome unknown.
package mongo
