// Package keys holds the signing keys: it generates, seals, schedules, rotates
// and publishes them.
//
// # Life of a key
//
//	                        rotation stored          the moment comes,
//	                     in the successor's record   or the active key is revoked
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
// it in time.
//
// # Records
//
// A record ([storage.Key]) never changes but for RevokedAt, and for the envelope
// of the private key when the master key changes. What each key does
// at a given time is derived from the records and the clock, so instances that
// have read the same records agree without talking. The sequence number is the
// order of making; a later decision is a record of a higher number:
//
//   - A rotation is one insert: the next standby, whose record also says when
//     the key before it starts to sign. Racing rotations insert the same
//     sequence number, and the store lets one win.
//   - A rotation that is made while an earlier one is outstanding, for an
//     earlier moment, hurries that one: the waiting key starts at that moment,
//     not the newer one. The surplus standby that this leaves is passed over
//     by the next rotation, which starts the newest.
//   - A rollback is one insert too: the record of a new standby, which also says
//     which earlier key signs again. That key is retired and in the JWKS, so
//     everybody knows it. The one that it takes over from does not come back.
//     It is void where a decision of a higher number has come into force.
//   - Revoking the active key starts the lowest standby at the moment of the
//     revocation. No older key ever comes back by itself.
//   - A start that has become void (the key is revoked, or a higher one has
//     started) is passed over.
//   - Where nobody can sign, the lowest key above the last signer starts as
//     soon as it exists.
//
// # Promises across instances
//
// Instances read the records every [Config.Refresh]. An instance signs only
// with a key that the JWKS it serves contains, because both come from the same
// snapshot. It stops to sign, and is not ready, when its snapshot is older than
// [Config.StaleAfter]; it goes on verifying and publishing. Clocks may differ by
// [Config.Leeway]. Under these bounds [Config.Validate] refuses settings by
// which a verifier that honours Cache-Control could meet an unknown key, and
// [Config.Retention] keeps a retired key published until no token of it can be
// alive, whoever signed it last.
//
// Three changes have no lead by nature: a forced rotation, an emergency
// revocation that finds a standby younger than PublishAhead, and a new key
// where all were revoked. Verifiers that fetch on an unknown kid follow at
// once, others after JWKSMaxAge.
package keys
