package issuer

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// LogoutRequest is a request to the logout endpoint (OpenID Connect RP-Initiated Logout 1.0),
// or the form of its confirmation page.
type LogoutRequest struct {
	Params string // the query, or the body of the form, as sent
	Form   bool   // a form that this site has sent: only so a confirmation counts
	Cookie Secret // of the browser session; "" for none
	Info   RequestInfo
}

// LogoutStep is what is due for a logout request.
type LogoutStep string

// The steps.
const (
	LogoutConfirm   LogoutStep = "confirm"    // the page that asks; nothing has ended
	LogoutSignedOut LogoutStep = "signed_out" // the page that says so
	LogoutRedirect  LogoutStep = "redirect"   // to RedirectURL
	LogoutRefused   LogoutStep = "refused"    // an error page; nothing has ended
)

// LogoutOutcome is what is due for a logout request.
type LogoutOutcome struct {
	Step        LogoutStep
	RedirectURL string
	Refusal     *LogoutRefusal
	Fields      []authorization.Param // of LogoutConfirm: the hidden fields of its form, but for decision
	Cookie      *BrowserCookie        // nil leaves the browser's as it is
	Client      *ClientView           // who asked; nil where it is not known
	User        *UserView             // of LogoutConfirm: who is signed in
	UILocales   string

	// Problem says why the person is asked although a hint was sent, or why there will be
	// no redirect; for the log. It has nothing of the request.
	Problem string
}

// logoutService handles logout requests.
type logoutService struct {
	store    logoutStore
	browsers browserSessions
	ender    browserSessionEnder
	hints    hintVerifier
	stamps   *authorization.Sealer
	log      eventLog
	now      func() time.Time
}

// logoutStore keeps what a logout reads and ends.
type logoutStore interface {
	Client(ctx context.Context, id string) (storage.Client, error)
	Session(ctx context.Context, id string) (storage.Session, error)
	sessionRevoker
}

func newLogoutService(i *Issuer, keyring Keyring) *logoutService {
	log := eventLog{i.auditLog}
	return &logoutService{
		store: i.store, browsers: browserSessions{store: i.store}, ender: browserSessionEnder{store: i.store, log: log, now: i.now},
		hints:  hintVerifier{i.cfg.Issuer, keyring},
		stamps: i.stamps, log: log, now: i.now,
	}
}

// Logout handles a logout request. Errors are *Error with Unavailable: what is refused is an
// outcome. After an error it is not known what has ended; the same request ends the rest.
func (i *Issuer) Logout(ctx context.Context, r LogoutRequest) (LogoutOutcome, error) {
	return i.logout.handle(ctx, r)
}

// logoutCase is what is known of one logout request.
type logoutCase struct {
	params  logoutParams
	user    *BrowserUser // who is signed in; nil for nobody
	client  *storage.Client
	session *storage.Session // that the hint names; nil where it is not known
	facts   logoutFacts
}

func (l *logoutService) handle(ctx context.Context, r LogoutRequest) (LogoutOutcome, error) {
	c, refusal, err := l.read(ctx, r)
	switch {
	case err != nil:
		return LogoutOutcome{}, err
	case refusal != nil:
		return LogoutOutcome{Step: LogoutRefused, Refusal: refusal, UILocales: c.params.locales, Client: c.clientView()}, nil
	}
	d := c.facts.decide()
	if d.confirm {
		return l.confirm(c)
	}
	if err := l.end(ctx, c, d.ends, r.Info); err != nil {
		return LogoutOutcome{}, err
	}
	o := LogoutOutcome{Step: LogoutSignedOut, Client: c.clientView(), UILocales: c.params.locales, Cookie: &BrowserCookie{Clear: true}, Problem: c.facts.problem()}
	if d.redirect {
		o.Step, o.RedirectURL = LogoutRedirect, c.params.redirectURL()
	}
	return o, nil
}

// read finds out what the request is about.
func (l *logoutService) read(ctx context.Context, r LogoutRequest) (c logoutCase, refusal *LogoutRefusal, err error) {
	if c.params, refusal = parseLogout(r.Params); refusal != nil {
		return c, refusal, nil
	}
	hint, err := l.readHint(ctx, &c)
	if err != nil {
		return c, nil, err
	}
	if refusal, err = l.readClient(ctx, &c, hint); refusal != nil || err != nil {
		return c, refusal, err
	}
	if c.user, err = l.browsers.find(ctx, r.Cookie, l.now()); err != nil {
		return c, nil, err
	}
	if err := l.readSession(ctx, &c, hint); err != nil {
		return c, nil, err
	}
	c.facts.uri = c.params.uri != ""
	c.facts.registered = c.client != nil && slices.Contains(c.client.PostLogoutRedirectURIs, c.params.uri)
	if c.user != nil {
		c.facts.signedIn = true
		c.facts.matches = c.session != nil && c.session.BrowserID == c.user.Session.RootID && c.session.UserID == c.user.User.ID
		c.facts.confirmed = r.Form && c.params.decision == decisionSignOut && l.stamped(c)
	}
	return c, nil, nil
}

func (l *logoutService) readHint(ctx context.Context, c *logoutCase) (idTokenHint, error) {
	if c.params.hint == "" {
		return idTokenHint{}, nil
	}
	hint, ok, err := l.hints.verify(ctx, c.params.hint)
	switch {
	case err != nil:
		return idTokenHint{}, err
	case !ok || len(hint.Audience) != 1:
		c.facts.hint = hintInvalid
		return idTokenHint{}, nil
	}
	c.facts.hint = hintValid
	return hint, nil
}

// readClient reads the client that asks: the hint's, or the one that client_id names. One that
// is disabled is shown, but nobody is sent to it.
func (l *logoutService) readClient(ctx context.Context, c *logoutCase, hint idTokenHint) (*LogoutRefusal, error) {
	id := c.params.clientID
	if c.facts.hint == hintValid {
		if id != "" && id != hint.Audience[0] {
			return errLogoutOther, nil
		}
		id = hint.Audience[0]
	}
	if id == "" {
		return nil, nil
	}
	client, err := l.store.Client(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound) && c.params.clientID != "":
		return errLogoutClient, nil
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	}
	if client.Disabled {
		client.PostLogoutRedirectURIs = nil
	}
	c.client = &client
	return nil, nil
}

// readSession reads the session that the hint names, if it is the one that the hint says.
func (l *logoutService) readSession(ctx context.Context, c *logoutCase, hint idTokenHint) error {
	if c.facts.hint != hintValid || hint.SessionID == "" {
		return nil
	}
	s, err := l.store.Session(ctx, hint.SessionID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return unavailable(err)
	case s.UserID == hint.Subject && s.ClientID == hint.Audience[0]:
		c.session = &s
	}
	return nil
}

// stamped tells whether the form comes from a confirmation page of this request, shown in
// this browser session. Where no application is part of the request, such as with the button
// of the account page, there is nothing to bind.
func (l *logoutService) stamped(c logoutCase) bool {
	if c.params.encode() == "" {
		return true
	}
	stamp := l.stamps.Open(c.params.stamp)
	return !stamp.Begun.IsZero() && stamp.Request == c.params.hash() && stamp.Browser == authorization.BrowserMark(c.user.Session.RootID)
}

// confirm returns the page that asks whoever is signed in.
func (l *logoutService) confirm(c logoutCase) (LogoutOutcome, error) {
	stamp, err := l.stamps.Seal(authorization.Stamp{
		Begun: l.now(), Request: c.params.hash(), Browser: authorization.BrowserMark(c.user.Session.RootID),
	})
	if err != nil {
		return LogoutOutcome{}, unavailable(err)
	}
	o := LogoutOutcome{
		Step: LogoutConfirm, Client: c.clientView(), UILocales: c.params.locales, Problem: c.facts.problem(),
		User: &UserView{Username: c.user.User.Username, Name: c.user.User.FullName, Email: c.user.User.Email},
	}
	for _, f := range c.params.fields() {
		if *f.value != "" {
			o.Fields = append(o.Fields, authorization.Param{Name: f.name, Value: *f.value})
		}
	}
	o.Fields = append(o.Fields, authorization.Param{Name: authorization.StampParam, Value: stamp})
	return o, nil
}

// end ends what the decision says. A confirmed logout ends the session of the hint too, if it
// is of the same user: the application that asked must not find itself signed in.
func (l *logoutService) end(ctx context.Context, c logoutCase, ends logoutEnds, info RequestInfo) error {
	switch ends {
	case endsNothing:
		return nil
	case endsBrowserSession:
		if err := l.ender.endBrowserSession(ctx, c.user.Session, reasonSignedOut, info); err != nil {
			return err
		}
		if c.session == nil || c.session.UserID != c.user.User.ID || c.facts.matches {
			return nil
		}
	case endsClientSession:
	}
	return l.endClientSession(ctx, c.session, info)
}

// endClientSession ends the session of one client. One that began in a browser with
// offline_access lives on, as it would if the browser were signed in.
func (l *logoutService) endClientSession(ctx context.Context, s *storage.Session, info RequestInfo) error {
	if s == nil || !s.RevokedAt.IsZero() || s.BrowserID != "" && !s.LoginBound {
		return nil
	}
	e := storage.AuditEvent{Type: audit.EventSessionRevoked, Actor: s.UserID, Target: s.ID, ClientID: s.ClientID, Detail: reasonSignedOut}
	if err := l.log.append(ctx, info, e); err != nil {
		return err
	}
	if err := l.store.RevokeSession(ctx, s.ID, l.now(), reasonSignedOut); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return unavailable(err)
	}
	return nil
}

func (c logoutCase) clientView() *ClientView {
	if c.client == nil {
		return nil
	}
	return clientView(*c.client, "")
}
