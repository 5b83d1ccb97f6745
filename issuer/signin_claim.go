package issuer

import (
	"cmp"
	"context"
	"errors"

	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// askToLink is the login page for somebody whose account at another provider nobody has yet: who
// signs in there has it from then on.
func (s *SignIn) askToLink(ctx context.Context, v *visit, conn storage.Connector, who upstream.Identity) (Outcome, error) {
	var err error
	v.claimed, err = s.stamps.SealClaimed(authorization.Claimed{
		Connector: conn.ID, Issuer: who.Issuer, Subject: who.Subject, Email: who.Email, Name: who.Name,
		Request: v.request.Hash(), Until: v.now.Add(authorization.ClaimedTTL),
	})
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	return s.askAgain(ctx, v, &Error{}, ProblemUpstreamLinkHere)
}

// claim takes the account that the form of the login page carries. One that has expired, or is of
// another request, is left out: the login goes on without it.
func (s *SignIn) claim(v *visit, text string) {
	if text != "" && s.stamps.OpenClaimed(text).Valid(v.request, v.now) {
		v.claimed = text
	}
}

// showClaimed puts the account that the login links on its page: whose it is, and where.
func (s *SignIn) showClaimed(v *visit, o *Outcome) {
	if v.claimed == "" {
		return
	}
	c := s.stamps.OpenClaimed(v.claimed)
	o.Claimed = &ClaimedView{Sealed: v.claimed, As: cmp.Or(c.Email, c.Name, c.Subject), At: c.Connector}
	for _, k := range o.Connectors {
		if k.ID == c.Connector {
			o.Claimed.At = k.Name
		}
	}
}

// linkClaimed links the account that the login page carried to the user who has just signed in.
// Where somebody has linked it meanwhile nothing is done.
func (s *SignIn) linkClaimed(ctx context.Context, v *visit, u storage.User) error {
	c := s.stamps.OpenClaimed(v.claimed)
	if s.upstream == nil || !c.Valid(v.request, v.now) {
		return nil
	}
	conn, err := s.upstream.connector(ctx, c.Connector)
	if err != nil || conn == nil || conn.Issuer != c.Issuer {
		return err
	}
	link := storage.UserLink{
		ID: storage.LinkID(c.Issuer, c.Subject), Issuer: c.Issuer, Subject: c.Subject, ConnectorID: conn.ID,
		UserID: u.ID, UserCreatedAt: storage.Time(u.CreatedAt), Email: c.Email, Name: c.Name, CreatedAt: v.now,
	}
	if err = s.insertLink(ctx, v, link, "after a sign-in here"); errors.Is(err, errLinkTaken) {
		err = s.replaceDeadLink(ctx, link)
	}
	if errors.Is(err, errLinkTaken) {
		return nil
	}
	return err
}

// addAccount links the account to the user who is signed in, who has begun this on the page of
// their account in the same session.
func (s *SignIn) addAccount(ctx context.Context, v *visit, conn storage.Connector, who upstream.Identity, a authorization.Attempt) (Outcome, error) {
	if v.signedIn == nil || authorization.BrowserMark(v.signedIn.Session.ID) != a.Link {
		return s.askAgain(ctx, v, &Error{}, ProblemUpstreamExpired)
	}
	u := v.signedIn.User
	link := storage.UserLink{
		ID: who.LinkID(), Issuer: who.Issuer, Subject: who.Subject, ConnectorID: conn.ID,
		UserID: u.ID, UserCreatedAt: storage.Time(u.CreatedAt), Email: who.Email, Name: who.Name, CreatedAt: v.now,
	}
	err := s.insertLink(ctx, v, link, "on the page of the account")
	if errors.Is(err, errLinkTaken) {
		if err = s.replaceDeadLink(ctx, link); errors.Is(err, errLinkTaken) {
			v.problem = ProblemUpstreamTaken
			err = nil
		}
	}
	if err != nil {
		return Outcome{}, err
	}
	o, err := s.goOn(ctx, v)
	o.Linked = v.problem == ProblemNone
	return o, err
}

// replaceDeadLink puts a link in the place of one whose user is gone. errLinkTaken where somebody
// else has the account; nil where it is the user's own already.
func (s *SignIn) replaceDeadLink(ctx context.Context, link storage.UserLink) error {
	old, err := s.upstream.store.UserLink(ctx, link.ID)
	if err != nil {
		return unavailable(err)
	}
	u, _, err := s.epochs.UserInEpoch(ctx, old.UserID)
	alive := err == nil && storage.Time(u.CreatedAt).Equal(old.UserCreatedAt)
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return unavailable(err)
	case alive && old.UserID == link.UserID:
		return nil
	case alive || old.Creating:
		return errLinkTaken
	}
	link.Version = old.Version
	_, err = s.upstream.store.UpdateUserLink(ctx, link)
	if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrNotFound) {
		return errLinkTaken
	}
	return unavailableOrNil(err)
}
