package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/internal/random"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/issuer/outbox"
	"example.org/signet/storage"
)

// Kind is the kind of these messages in the outbox.
const Kind = "mail"

// target makes all mails wait while the mail server is down.
const target = "mail server"

// Template is what a mail is about. The pages' texts have a subject and a text for each.
type Template string

// The templates. The first three have a link.
const (
	Reset  Template = "reset"  // a new password, for who has forgotten theirs
	Invite Template = "invite" // the first password
	Verify Template = "verify" // whether the address is the user's

	PasswordChanged Template = "password_changed"
	EmailChanged    Template = "email_changed" // to the address before
	NewDevice       Template = "new_device"
	RecoveryUsed    Template = "recovery_code_used"
	FactorAdded     Template = "factor_added"
	FactorRemoved   Template = "factor_removed"
)

// Lives of links, and how long a notice is worth sending.
const (
	ResetTTL  = time.Hour
	VerifyTTL = 24 * time.Hour
	InviteTTL = 7 * 24 * time.Hour
	NoticeTTL = 24 * time.Hour
)

// Life returns how long the link of a mail, or the mail, is of use.
func (t Template) Life() time.Duration {
	switch t {
	case Reset:
		return ResetTTL
	case Verify:
		return VerifyTTL
	case Invite:
		return InviteTTL
	}
	return NoticeTTL
}

// Request is what to mail to whom. Exactly one of UserID and Login is set.
type Request struct {
	Template Template          `json:"t"`
	Language string            `json:"g,omitempty"`
	UserID   string            `json:"u,omitempty"`
	Login    string            `json:"n,omitempty"` // a canonical name, of somebody or nobody
	Address  string            `json:"a,omitempty"` // "" for the one that the user has at delivery
	Before   *mailtoken.State  `json:"b,omitempty"` // sent only once the user has another password
	Session  string            `json:"s,omitempty"` // sent only where this browser session was begun
	Nonce    []byte            `json:"c,omitempty"` // of the code beside the link
	Facts    map[string]string `json:"f,omitempty"` // what the text fills in

	// Who asked, for the audit log.
	Actor     string `json:"w,omitempty"`
	From      string `json:"i,omitempty"` // an IP address
	RequestID string `json:"r,omitempty"`

	ID    string        `json:"-"` // decides duplicates; "" draws one
	Delay time.Duration `json:"-"` // until the first attempt
}

// queue takes messages in.
type queue interface {
	Enqueue(ctx context.Context, messages ...storage.Message) error
}

// Mailer puts requests for mails into the outbox. It is safe for concurrent use.
type Mailer struct {
	Queue  queue
	Sealer *mailtoken.Sealer
	Rand   io.Reader
	Now    func() time.Time
}

var _ queue = (*outbox.Worker)(nil)

// idBytes gives a drawn id 128 random bits.
const idBytes = 16

// Send stores the request. The error wraps storage.ErrUnavailable where the outcome is unknown.
func (m *Mailer) Send(ctx context.Context, r Request) error {
	id := r.ID
	if id == "" {
		var err error
		if id, err = random.Text(m.Rand, idBytes); err != nil {
			return fmt.Errorf("draw the id of a mail: %w", err)
		}
	}
	id = "mail-" + id
	plain, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store a mail: %w", err)
	}
	body, err := m.Sealer.Seal(useOutbox+id, plain)
	if err != nil {
		return fmt.Errorf("seal a mail: %w", err)
	}
	now := storage.Time(m.Now())
	if err := failpoint.Hit(failpoint.MailStoring); err != nil {
		return err
	}
	err = m.Queue.Enqueue(ctx, storage.Message{
		ID: id, Kind: Kind, Target: target, Body: body, CreatedAt: now, DueAt: now.Add(r.Delay), ExpiresAt: now.Add(r.Template.Life()),
	})
	if err != nil {
		return err
	}
	return failpoint.Hit(failpoint.MailStored)
}

// useOutbox binds what is sealed to its message.
const useOutbox = "mail outbox "

// open returns the request of a message; ok is false for one that this issuer has not sealed.
func open(s *mailtoken.Sealer, m storage.Message) (r Request, ok bool) {
	plain, ok := s.Open(useOutbox+m.ID, m.Body)
	return r, ok && json.Unmarshal(plain, &r) == nil
}
