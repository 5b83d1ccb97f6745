package accountmail

import (
	"context"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/storage"
)

// PasswordLink lets a user choose a password: the first one, or a new one in the place of one that
// was lost.
type PasswordLink struct {
	Sent      bool      `json:"sent"`           // by mail
	Link      string    `json:"link,omitempty"` // else, to hand over
	ExpiresAt time.Time `json:"expires_at"`
}

// Inviter makes links for administrators. It needs no server, so the command line has it too.
type Inviter struct {
	Issuer string
	Mailer mailer
	Tokens *mailtoken.Sealer
	Now    func() time.Time
	Sends  bool // whether mails are sent
}

// Errors of the request for a mail.
var (
	errNoMail    = &issuer.FieldError{Field: "send", Reason: "needs a mail server: none is configured here"}
	errNoAddress = &issuer.FieldError{Field: "send", Reason: "needs an e-mail address, which the user does not have"}
)

// PasswordLink makes a link for the user of that id, or mails it. Whoever has it can choose the
// password once, within seven days for a user without a password, else within an hour.
func (i *Inviter) PasswordLink(ctx context.Context, users admin.Users, id string, send bool, language string, info issuer.RequestInfo) (PasswordLink, error) {
	if send && !i.Sends {
		return PasswordLink{}, errNoMail
	}
	u, err := users.PasswordLink(ctx, id)
	if err != nil {
		return PasswordLink{}, err
	}
	template, purpose := mail.Reset, mailtoken.Reset
	if u.PasswordHash == "" {
		template, purpose = mail.Invite, mailtoken.Invite
	}
	until := storage.Time(i.Now()).Add(template.Life())
	if !send {
		token, err := i.Tokens.SealToken(mailtoken.New(purpose, u, "", until))
		if err != nil {
			return PasswordLink{}, issuer.OutcomeUnknown(err)
		}
		return PasswordLink{Link: mail.Link(i.Issuer, mail.PathPassword, token), ExpiresAt: until}, nil
	}
	if u.Email == "" {
		return PasswordLink{}, errNoAddress
	}
	if err := i.Mailer.Send(ctx, withInfo(mail.Request{Template: template, UserID: u.ID, Language: language}, info)); err != nil {
		return PasswordLink{}, issuer.OutcomeUnknown(err)
	}
	return PasswordLink{Sent: true, ExpiresAt: until}, nil
}
