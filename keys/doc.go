// Package keys generates, seals, schedules, rotates and publishes the signing keys.
//
// # Life of a key
//
//	                        Rotate: stored in        its time comes, or
//	                     the successor's record      the active key is revoked
//	 generated      ┌─────────┐      ┌─────────┐              ┌────────┐
//	───────────────▶│ standby │─────▶│ standby │─────────────▶│ active │
//	 sealed, stored │         │      │ at time │              │        │
//	                └────┬────┘      └────┬────┘              └───┬────┘
//	                     │                │          Rollback, ▲  │ a higher key
//	                     │                │          still     │  │ takes over,
//	                     │                │          published │  │ or Rollback
//	                     │ Revoke         │ Revoke             │  ▼
//	                     │                │        Revoke     ┌─────────┐
//	                     ▼                ▼      ┌────────────│ retired │
//	                ┌──────────────────────────┐ │            └───┬─────┘
//	                │         revoked          │◀┘                │ its last token
//	                └──────────────────────────┘                  │ has expired
//	                     ▲                                        ▼
//	                     └── Revoke (active)                  ┌─────────┐
//	                                                          │ expired │
//	 in the JWKS: standby, active, retired                    └─────────┘
//
// There is always one key that signs and at least one standby, published for
// [Config.PublishAhead] before it signs, so that whoever caches the JWKS knows
// it before its first token.
//
// # Records
//
// A record ([storage.Key]) never changes but for RevokedAt, and for its sealed
// part when the key is revoked or the master key changes. The state of each key
// at a given time is derived from the records and the clock, so instances that
// have read the same records agree without talking. Sequence numbers rise in the
// order of creation; a later decision is a record of a higher number:
//
//   - A rotation is one insert: the next standby, whose record also says when
//     the key before it starts to sign. Racing rotations insert the same
//     sequence number, and the store lets one win.
//   - A rotation that is made while another one is scheduled, and takes effect
//     before it, brings that one forward: the scheduled key starts at the earlier
//     time, not the newer one. The surplus standby is skipped by the next
//     rotation, which starts the newest.
//   - A rollback is one insert too: the record of a new standby, which also says
//     which earlier key signs again. That key is retired and in the JWKS, so
//     everybody knows it. The key that it takes over from never signs again. The
//     rollback is void where a decision of a higher number has taken effect.
//   - Revoking the active key starts the lowest standby at the time of the
//     revocation. No older key ever signs again by itself. The time is then sealed
//     into the record, in the place of the private key.
//   - A start that has become void (the key is revoked, or a higher one has
//     started) is skipped.
//   - Where nobody can sign, the lowest key above the last signer starts as
//     soon as it exists.
//
// # Guarantees across instances
//
// Instances read the records every [Config.Refresh]. An instance signs only
// with a key that the JWKS it serves contains, because both come from the same
// snapshot. It stops signing, and is not ready, when its snapshot is older than
// [Config.StaleAfter]; it goes on verifying and publishing. Clocks may differ by
// [Config.Leeway]. Under these bounds [Config.Validate] refuses settings by
// which a verifier that honours Cache-Control could meet an unknown key, and
// [Config.Retention] keeps a retired key published until no token of it can be
// alive, whoever signed it last.
//
// Three changes have no lead time by nature: a forced rotation, an emergency
// revocation that finds a standby younger than PublishAhead, and a new key
// where all were revoked. Verifiers that fetch on an unknown kid follow at
// once, others after JWKSMaxAge.
//
// # Parts
//
// A [Manager] is made of a snapshotCache, which reads the records and replaces the
// snapshot; a changer, which decides on changes and stores them; a verifier; and the
// slots and the counter of its signatures. In a build with the tag openssl the system's
// OpenSSL signs with RSA keys: see [SigningLibrary]. When a change takes effect is computed by
// functions of [Config], a snapshot and the time.
package keys
