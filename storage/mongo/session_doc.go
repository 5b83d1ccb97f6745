package mongo

import (
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// sessionDoc is a [storage.Session] as it lies in the collection sessions. It
// omits fields that are empty in most sessions or follow from others, and packs what never
// changes of a session that began with a code, so that a document stays under 500 bytes.
type sessionDoc struct {
	ID          string         `bson:"_id"`
	UserID      string         `bson:"user_id"`
	ClientID    string         `bson:"client_id"`
	Scopes      []string       `bson:"scopes,omitempty"`
	Audience    []string       `bson:"audience,omitempty"`
	Generation  int64          `bson:"generation"`
	RotatedAt   time.Time      `bson:"rotated_at"`
	CreatedAt   time.Time      `bson:"created_at"`
	ExpiresAt   time.Time      `bson:"expires_at"`
	AuthTime    *bson.DateTime `bson:"auth_time,omitempty"` // absent: CreatedAt
	NoAMR       bool           `bson:"no_amr,omitempty"`    // absent: passwordAMR, which is that of all sessions of earlier programs
	UserEpoch   int64          `bson:"user_epoch"`
	ClientEpoch int64          `bson:"client_epoch"`
	StatusIndex int64          `bson:"status_index"`
	RevokedAt   time.Time      `bson:"revoked_at"`
	Reason      string         `bson:"reason,omitempty"`
	Replays     int64          `bson:"replays,omitempty"`
	Device      string         `bson:"device,omitempty"`
	Network     string         `bson:"network,omitempty"`

	RightsVersion int64    `bson:"grade,omitempty"`
	Roles         *string  `bson:"roles,omitempty"` // with blanks between them; absent: defaultRole
	DeniedScopes  []string `bson:"withheld,omitempty"`
	StatusPending bool     `bson:"due,omitempty"`
	RetiredIndex  int64    `bson:"retired_index,omitempty"`

	DeniedAudiences []string `bson:"denied_audiences,omitempty"`
	StatusRetired   bool     `bson:"status_retired,omitempty"`

	// Of a session that began with an authorization code: the fields of Made are then in it.
	Browser      *bson.Binary   `bson:"browser,omitempty"` // see newBrowserRef
	LoginBound   bool           `bson:"bound,omitempty"`
	Made         *sessionOrigin `bson:"made,omitempty"`
	Code         *codeDoc       `bson:"code,omitempty"`
	CodeFailures int64          `bson:"code_failures,omitempty"`
}

func newSessionDoc(s storage.Session) sessionDoc {
	d := sessionDoc{
		ID: s.ID, UserID: s.UserID, ClientID: s.ClientID, Scopes: nilIfEmpty(s.Scopes), Audience: nilIfEmpty(s.Audience), Generation: s.Generation,
		RotatedAt: storage.Time(s.RotatedAt), CreatedAt: storage.Time(s.CreatedAt), ExpiresAt: storage.Time(s.ExpiresAt),
		UserEpoch: s.UserEpoch, ClientEpoch: s.ClientEpoch, StatusIndex: s.StatusIndex, RevokedAt: storage.Time(s.RevokedAt),
		Reason: s.Reason, Replays: s.Replays, Device: s.Device, Network: s.Network,
		RightsVersion: s.RightsVersion, Roles: encodeRoles(s.Roles), DeniedScopes: nilIfEmpty(s.DeniedScopes), StatusPending: s.StatusPending, RetiredIndex: s.RetiredIndex,
		DeniedAudiences: nilIfEmpty(s.DeniedAudiences), StatusRetired: s.StatusRetired,
	}
	if login := storage.Time(s.AuthTime); !login.Equal(d.CreatedAt) {
		at := bson.NewDateTimeFromTime(login)
		d.AuthTime = &at
	}
	d.Browser, d.LoginBound = newBrowserRef(s.BrowserID), s.LoginBound
	d.Code, d.CodeFailures = newCodeDoc(s.Code), s.Code.Failures
	d.NoAMR = len(s.AMR) == 0
	if s.Generation == storage.PendingGeneration || s.BrowserID != "" || s.CodeCheck != "" || s.CodePKCE || len(s.Claims) > 0 || !d.NoAMR && !slices.Equal(s.AMR, passwordAMR) {
		d.NoAMR = false
		d.Made = newSessionOrigin(s)
		d.Scopes, d.Audience, d.Device, d.Network, d.AuthTime = nil, nil, "", "", nil
	}
	return d
}

func (d sessionDoc) record() storage.Session {
	s := storage.Session{
		ID: d.ID, UserID: d.UserID, ClientID: d.ClientID, Scopes: d.Scopes, Audience: d.Audience, Generation: d.Generation,
		RotatedAt: d.RotatedAt, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, AuthTime: d.CreatedAt,
		UserEpoch: d.UserEpoch, ClientEpoch: d.ClientEpoch, StatusIndex: d.StatusIndex, RevokedAt: d.RevokedAt,
		Reason: d.Reason, Replays: d.Replays, Device: d.Device, Network: d.Network,
		RightsVersion: d.RightsVersion, Roles: decodeRoles(d.Roles), DeniedScopes: d.DeniedScopes, StatusPending: d.StatusPending, RetiredIndex: d.RetiredIndex,
		DeniedAudiences: d.DeniedAudiences, StatusRetired: d.StatusRetired,
	}
	if d.AuthTime != nil {
		s.AuthTime = d.AuthTime.Time().UTC()
	}
	if !d.NoAMR {
		s.AMR = slices.Clone(passwordAMR)
	}
	s.BrowserID, s.LoginBound = browserID(d.Browser), d.LoginBound
	s.Code = d.Code.record(d.CodeFailures)
	if d.Made != nil {
		d.Made.addTo(&s)
	}
	return s
}

// passwordAMR is the AMR of who gave a password and nothing else.
var passwordAMR = []string{"pwd"}

// defaultRole is the only role of most users.
const defaultRole = "user"

// encodeRoles relies on the names of roles having no blanks in them.
func encodeRoles(roles []string) *string {
	text := strings.Join(roles, " ")
	if text == defaultRole {
		return nil
	}
	return &text
}

func decodeRoles(text *string) []string {
	switch {
	case text == nil:
		return []string{defaultRole}
	case *text == "":
		return nil
	}
	return strings.Split(*text, " ")
}
