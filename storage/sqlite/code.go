package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"example.org/signet/storage"
)

var _ storage.Codes = (*Store)(nil)

// signIn is what only a session that began in a browser has, as its column keeps it. The
// names are short; some statements have them too.
type signIn struct {
	Bound     bool       `json:"b,omitempty"` // the session ends with its browser session
	AMR       []string   `json:"a,omitempty"`
	Claims    []string   `json:"l,omitempty"`
	CodeCheck string     `json:"k,omitempty"`
	CodePKCE  bool       `json:"p,omitempty"`
	Code      codeObject `json:"c,omitzero"` // while the session is pending
}

type codeObject struct {
	RedirectHash string `json:"r,omitempty"`
	Challenge    string `json:"c,omitempty"`
	Nonce        string `json:"n,omitempty"`
	Until        *int64 `json:"u,omitempty"` // milliseconds
	Failures     int64  `json:"f,omitempty"`
}

// bindSignIn writes ” where nothing is set.
func bindSignIn(s *storage.Session) any {
	c := s.Code
	v := signIn{Bound: s.LoginBound, AMR: s.AMR, Claims: s.Claims, CodeCheck: s.CodeCheck, CodePKCE: s.CodePKCE,
		Code: codeObject{RedirectHash: c.RedirectHash, Challenge: c.Challenge, Nonce: c.Nonce, Failures: c.Failures}}
	if !c.Until.IsZero() {
		until := millis(c.Until)
		v.Code.Until = &until
	}
	if !v.Bound && len(v.AMR) == 0 && len(v.Claims) == 0 && v.CodeCheck == "" && !v.CodePKCE && v.Code == (codeObject{}) {
		return ""
	}
	text, _ := json.Marshal(v) // strings, numbers and booleans: it cannot fail
	return string(text)
}

// passwordSignIn is the column of nearly every session: read without a parser.
const passwordSignIn = `{"a":["pwd"]}`

type signInColumn struct{ of *storage.Session }

func (c signInColumn) Scan(src any) error { return scanText(c, src) }

func (c signInColumn) setText(text string) error {
	switch text {
	case "":
		return nil
	case passwordSignIn:
		c.of.AMR = []string{"pwd"}
		return nil
	}
	var v signIn
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	s, code := c.of, v.Code
	s.LoginBound, s.AMR, s.Claims, s.CodeCheck, s.CodePKCE = v.Bound, v.AMR, v.Claims, v.CodeCheck, v.CodePKCE
	s.Code = storage.Code{RedirectHash: code.RedirectHash, Challenge: code.Challenge, Nonce: code.Nonce, Failures: code.Failures}
	if code.Until != nil {
		s.Code.Until = fromMillis(*code.Until)
	}
	return nil
}

var (
	// An auth_time of 0 stands for created_at, which moves.
	redeemSession = "UPDATE sessions SET generation = 0, auth_time = iif(auth_time = 0, created_at, auth_time), created_at = ?1, rotated_at = ?1," +
		" expires_at = ?2, status_index = ?3, roles = ?4, sign_in = iif(sign_in = '', '', json_remove(sign_in, '$.c'))" +
		" WHERE id = ?5 AND client_id = ?6 AND generation = -1 AND revoked_at IS NULL AND expires_at > ?1 RETURNING " + sessionTable.list
	countFailure = "UPDATE sessions SET sign_in = json_set(iif(sign_in = '', '{}', sign_in), '$.c'," +
		" json_set(coalesce(json_extract(nullif(sign_in, ''), '$.c'), '{}'), '$.f', coalesce(json_extract(nullif(sign_in, ''), '$.c.f'), 0) + 1))" +
		" WHERE id = ? AND generation = -1 RETURNING " + sessionTable.list
)

var sessionInEpochByID = "SELECT " + sessionTable.qualified("s") + ", " + userTable.qualified("u") + ", " + epochTable.list +
	" FROM sessions AS s JOIN users AS u ON u.id = s.user_id, epoch WHERE s.id = ?"

type sessionInEpoch struct {
	session storage.Session
	user    storage.User
	epoch   storage.Epoch
}

func scanSessionInEpoch(row scanner) (v sessionInEpoch, err error) {
	targets := append(sessionTable.targets(&v.session), userTable.targets(&v.user)...)
	err = row.Scan(append(targets, epochTable.targets(&v.epoch)...)...)
	return v, err
}

// SessionInEpoch implements [storage.Codes].
func (s *Store) SessionInEpoch(ctx context.Context, id string) (storage.Session, storage.User, storage.Epoch, error) {
	v, err := readOne(ctx, s, "read session and user", sessionInEpochByID, scanSessionInEpoch, id)
	return v.session, v.user, v.epoch, err
}

// RedeemSession implements [storage.Codes].
func (s *Store) RedeemSession(ctx context.Context, r storage.Redemption) (storage.Session, error) {
	return write(ctx, s, "redeem code", func(t *tx) (storage.Session, error) {
		return updateSession(t, redeemSession, millis(r.At), millis(r.ExpiresAt), r.StatusIndex, encodeWords(r.Roles), r.SessionID, r.ClientID)
	})
}

// CountCodeFailure implements [storage.Codes].
func (s *Store) CountCodeFailure(ctx context.Context, sessionID string) (storage.Session, error) {
	return write(ctx, s, "count code failure", func(t *tx) (storage.Session, error) {
		return updateSession(t, countFailure, sessionID)
	})
}
