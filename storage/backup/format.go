package backup

import (
	"errors"
	"fmt"
	"time"

	"example.org/signet/internal/strictjson"
	"example.org/signet/storage"
)

// Format is the newest format that this program knows, and the one that it writes. It reads
// those before too: 2 added the records of sign-in in a browser, 3 second
// factors, 4 attributes of users, 5 connectors and links.
const Format = 5

// maxLine bounds one record, in bytes.
const maxLine = 4 << 20

var (
	// ErrForeign refuses what is no backup of Signet.
	ErrForeign = errors.New("not a backup of signet")

	// ErrDamaged refuses a backup that was cut or changed.
	ErrDamaged = errors.New("the backup is damaged")

	// ErrWrongMasterKey refuses a backup that is whole, but was made under another
	// master key, or changed by somebody who does not have it.
	ErrWrongMasterKey = errors.New("the backup was made under another master key")
)

// A FormatError refuses a backup of a newer program.
type FormatError struct{ Found, Known int }

func (e *FormatError) Error() string {
	return fmt.Sprintf("the backup has format %d, this program knows up to %d: run a newer signet", e.Found, e.Known)
}

// Header is the first line.
type Header struct {
	Format    int       `json:"signet_backup"`
	CreatedAt time.Time `json:"created_at"`
	Epoch     int64     `json:"epoch"`
}

// record is one line between head and tail: exactly one field is set.
type record struct {
	Role       *storage.Role       `json:"role,omitempty"`
	User       *storage.User       `json:"user,omitempty"`
	Client     *storage.Client     `json:"client,omitempty"`
	Key        *storage.Key        `json:"key,omitempty"`
	Session    *storage.Session    `json:"session,omitempty"`
	Revocation *storage.Revocation `json:"revocation,omitempty"`
	Audit      *storage.AuditEvent `json:"audit,omitempty"`

	Logo           *storage.ClientLogo      `json:"logo,omitempty"`
	ScopeText      *storage.ScopeText       `json:"scope_text,omitempty"`
	Consent        *storage.Consent         `json:"consent,omitempty"`
	BrowserSession *storage.BrowserSession  `json:"browser_session,omitempty"`
	Message        *storage.Message         `json:"message,omitempty"`
	Factors        *storage.UserFactors     `json:"factors,omitempty"`
	Attributes     *storage.AttributeSchema `json:"attribute_schema,omitempty"`
	Connector      *storage.Connector       `json:"connector,omitempty"`
	Link           *storage.UserLink        `json:"link,omitempty"`
}

// trailer is the last line.
type trailer struct {
	End *end `json:"end"`
}

type end struct {
	Records int64  `json:"records"`
	SHA256  string `json:"sha256"` // in hex: it has one spelling only
	MAC     string `json:"mac"`
}

// trailerPrefix tells the tail from a record.
var trailerPrefix = []byte(`{"end":`)

// maxMembers bounds the members of one JSON object in a backup.
const maxMembers = 4096

// decodeStrict decodes one line and refuses what it does not know: a field that is
// left out would be lost.
func decodeStrict(line []byte, into any) error { return strictjson.Unmarshal(line, into, maxMembers) }

// Summary is what a backup holds.
type Summary struct {
	Header
	Records int64            `json:"records"`
	Counts  map[string]int64 `json:"counts"` // by kind
}

func (s *Summary) count(r record) {
	s.Records++
	s.Counts[r.kind()]++
}

// kind returns what the record is counted as.
func (r record) kind() string {
	switch {
	case r.User != nil:
		return "users"
	case r.Client != nil:
		return "clients"
	case r.Key != nil:
		return "keys"
	case r.Session != nil:
		return "sessions"
	case r.Revocation != nil:
		return "revocations"
	case r.Audit != nil:
		return "audit"
	case r.Logo != nil:
		return "logos"
	case r.ScopeText != nil:
		return "scope_texts"
	case r.Consent != nil:
		return "consents"
	case r.BrowserSession != nil:
		return "browser_sessions"
	case r.Message != nil:
		return "messages"
	case r.Factors != nil:
		return "factors"
	case r.Attributes != nil:
		return "attribute_schemas"
	case r.Connector != nil:
		return "connectors"
	case r.Link != nil:
		return "links"
	}
	return "roles"
}
