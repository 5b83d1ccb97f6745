package accountmail

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
	"example.org/signet/storage"
)

// Notices tells users of changes of their accounts.
type Notices struct {
	Mailer mailer
	Now    func() time.Time
}

var _ admin.Notifier = Notices{}

// settling is how long a notice waits for the change that it is about: longer than any request
// takes. It is sent where the change has been made by then.
const settling = 15 * time.Second

// Changing stores what is to be told of a change before it is made. Done again it stores nothing
// more.
func (n Notices) Changing(ctx context.Context, before, after storage.User, info issuer.RequestInfo) error {
	if before.Email == "" {
		return nil
	}
	if before.PasswordHash != "" && after.PasswordHash != before.PasswordHash {
		state := mailtoken.PasswordState(before)
		r := mail.Request{
			Template: mail.PasswordChanged, UserID: before.ID, Address: before.Email, Language: info.Language, Before: &state, Delay: settling,
			ID: noticeID(string(mail.PasswordChanged), before, before.PasswordHash),
		}
		if err := n.Mailer.Send(ctx, withInfo(r, info)); err != nil {
			return err
		}
	}
	if after.Email == before.Email {
		return nil
	}
	return n.Mailer.Send(ctx, withInfo(mail.Request{
		Template: mail.EmailChanged, UserID: before.ID, Address: before.Email, Language: info.Language, Delay: settling,
		ID: noticeID(string(mail.EmailChanged), before, strconv.FormatInt(before.Version, 10)),
	}, info))
}

// noticeID is the same for one change of one user, however often it is tried.
func noticeID(kind string, u storage.User, state string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"signet notice v1", kind, u.ID, u.CreatedAt.UTC().Format(time.RFC3339Nano), state}, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:20])
}

// FactorAdded, FactorRemoved and RecoveryUsed tell the user of a change of their second factors that
// was made.
func (n Notices) FactorAdded(ctx context.Context, u storage.User, info issuer.RequestInfo) error {
	return n.factor(ctx, mail.FactorAdded, u, info)
}

// FactorRemoved tells that a factor was removed, by the user or an administrator.
func (n Notices) FactorRemoved(ctx context.Context, u storage.User, info issuer.RequestInfo) error {
	return n.factor(ctx, mail.FactorRemoved, u, info)
}

// RecoveryUsed tells that a recovery code was used.
func (n Notices) RecoveryUsed(ctx context.Context, u storage.User, info issuer.RequestInfo) error {
	return n.factor(ctx, mail.RecoveryUsed, u, info)
}

func (n Notices) factor(ctx context.Context, template mail.Template, u storage.User, info issuer.RequestInfo) error {
	if u.Email == "" {
		return nil
	}
	facts := map[string]string{"time": n.Now().UTC().Format("2006-01-02 15:04 UTC")}
	r := mail.Request{Template: template, UserID: u.ID, Language: info.Language, Facts: facts}
	if err := n.Mailer.Send(ctx, withInfo(r, info)); err != nil {
		return issuer.OutcomeUnknown(err)
	}
	return nil
}
