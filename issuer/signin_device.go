package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/usercode"
	"example.org/signet/storage"
)

// DeviceResult is what became of the request of a device.
type DeviceResult string

// The results, each with a page of its own.
const (
	DeviceResultApproved DeviceResult = "approved"
	DeviceResultDenied   DeviceResult = "denied"
	DeviceResultRefused  DeviceResult = "refused" // the user may have nothing of what it asks for: the request stays
)

// DeviceView is the device that asks, as it was when it asked.
type DeviceView struct {
	UserCode string // as the device shows it
	Device   string // "" where unknown
	Network  string // "" where unknown
	AskedAt  time.Time
}

// deviceVisit is the request of a device that a visit is about.
type deviceVisit struct {
	record   storage.DeviceRequest
	userCode string
}

// deviceApprovals are the requests of devices and the sessions that approvals begin.
type deviceApprovals struct {
	deviceReader
	sessions interface {
		CreateSession(ctx context.Context, s storage.Session) error
	}
}

// Device takes the user code that somebody has typed, and goes on with the request that it is of
// (RFC 8628 §3.3). Wrong codes are counted for the browser session, the network and all together.
func (s *SignIn) Device(ctx context.Context, in Interaction, typed string) (Outcome, error) {
	in.Clicked = true
	code, ok := usercode.Parse(typed)
	if !ok {
		return s.askForUserCode(ProblemUserCode, &Error{}), nil
	}
	user, err := s.sessions.find(ctx, in.Cookie, s.now())
	if err != nil {
		return Outcome{}, err
	}
	a := Attempt{Kind: AttemptUserCode, Info: in.Info}
	if user != nil {
		a.Session, a.Target = user.Session.RootID, user.User.ID
	}
	counted, err := s.login.throttler.Count(ctx, a)
	if err != nil {
		return s.userCodeThrottled(err)
	}
	defer counted.Release(ctx)
	record, err := s.requests.devices.byUserCode(ctx, code)
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && !pendingAt(record, s.now()):
		e := storage.AuditEvent{Type: audit.EventUserCodeRefused, Actor: a.Target}
		if err := counted.Failed(ctx, e); err != nil {
			return s.userCodeThrottled(err)
		}
		return s.askForUserCode(ProblemUserCode, &Error{}), nil
	case err != nil:
		return Outcome{}, unavailable(err)
	}
	if err := counted.GiveBack(ctx); err != nil {
		return s.userCodeThrottled(err)
	}
	sealed, err := s.stamps.SealDevice(authorization.Device{ID: record.ID, UserCode: code.String(), Until: record.ExpiresAt})
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	in.Query, in.Account = authorization.DeviceQuery(sealed), false
	return s.Authorize(ctx, in)
}

func pendingAt(r storage.DeviceRequest, at time.Time) bool {
	return r.DecidedAt.IsZero() && at.Before(r.ExpiresAt)
}

// askForUserCode is the page that asks for the code, with what was wrong.
func (s *SignIn) askForUserCode(problem Problem, e *Error) Outcome {
	return Outcome{Step: authorization.Step{Kind: authorization.StepUserCode}, Problem: problem, RetryAfter: e.RetryAfter}
}

func (s *SignIn) userCodeThrottled(err error) (Outcome, error) {
	var e *Error
	if errors.As(err, &e) && e.Code == TooManyAttempts {
		return s.askForUserCode(ProblemThrottled, e), nil
	}
	return Outcome{}, err
}

// readDevice finds the request of the device that the query stands for, and its client. One that
// is not pending any more is refused.
func (r requestReader) readDevice(ctx context.Context, v *visit, params authorization.Params) error {
	v.refusal = authorization.DeviceEnded
	sealed := r.stamps.OpenDevice(params.Get(authorization.DeviceParam), v.now)
	if sealed.ID == "" {
		return nil
	}
	record, err := r.devices.store.DeviceRequest(ctx, sealed.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil
	case err != nil:
		return unavailable(err)
	case !pendingAt(record, v.now) && !record.Approved: // one that was approved can be approved again by the same user
		return nil
	}
	err = r.clients.check(ctx, record.ClientID, func(c storage.Client) error {
		v.client = c
		if c.Disabled || c.Epoch != record.ClientEpoch || !contains(c.Grants, GrantDeviceCode) {
			return errDisabled
		}
		return nil
	})
	switch {
	case errors.Is(err, errDisabled), errors.Is(err, storage.ErrNotFound):
		v.client = storage.Client{}
		return nil
	case err != nil:
		return unavailable(err)
	}
	v.client.InitiateLoginURI = "" // a device has no page to begin anew from
	if age := v.client.DefaultMaxAge; contains(v.client.Scopes, ScopeAdmin) && (age == nil || *age > freshAdmin) {
		v.client.DefaultMaxAge = &freshAdmin // whoever finds the browser of an administrator signed in approves no device
	}
	v.device = &deviceVisit{record, sealed.UserCode}
	v.request, v.refusal = params.DeviceRequest(v.client.ID, record.Scopes, record.Resource), nil
	v.sealed, v.stamp = params.Stamp(), r.stamps.Open(params.Stamp())
	return nil
}

// view returns the device as people are shown it.
func (d *deviceVisit) view() *DeviceView {
	return &DeviceView{UserCode: d.userCode, Device: d.record.Device, Network: d.record.Network, AskedAt: d.record.CreatedAt}
}

// approveDevice records the approval and then the pending session, which the device begins by its
// code. Both can be done again by the same user, so that a failure between them loses nothing.
func (s *SignIn) approveDevice(ctx context.Context, p plan) (Outcome, error) {
	decided, err := s.decideDevice(ctx, p, true)
	if err != nil || decided != DeviceResultApproved {
		return s.deviceDone(p, decided), err
	}
	err = s.requests.devices.sessions.CreateSession(ctx, p.deviceSession())
	if errors.Is(err, storage.ErrConflict) {
		return s.deviceDone(p, decided), nil // done before
	}
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	e := storage.AuditEvent{
		Type: audit.EventDeviceApproved, Actor: p.signedIn.User.ID, Target: p.device.record.SessionID, ClientID: p.client.ID, Detail: joinScope(p.rights.Scopes),
	}
	if err := s.log.append(ctx, p.in.Info, e); err != nil {
		return Outcome{}, err
	}
	return s.deviceDone(p, decided), nil
}

// denyDevice records that the person has said no.
func (s *SignIn) denyDevice(ctx context.Context, p plan) (Outcome, error) {
	decided, err := s.decideDevice(ctx, p, false)
	if err != nil || decided != DeviceResultDenied {
		return s.deviceDone(p, decided), err
	}
	e := storage.AuditEvent{Type: audit.EventDeviceDenied, Actor: p.signedIn.User.ID, Target: p.device.record.SessionID, ClientID: p.client.ID}
	if err := s.log.append(ctx, p.in.Info, e); err != nil {
		return Outcome{}, err
	}
	return s.deviceDone(p, decided), nil
}

// decideDevice makes the decision, or finds that the same user has made it before. The result is
// "" where it was decided otherwise, or has expired.
func (s *SignIn) decideDevice(ctx context.Context, p plan, approve bool) (DeviceResult, error) {
	result := DeviceResultDenied
	if approve {
		result = DeviceResultApproved
	}
	user := p.signedIn.User.ID
	_, err := s.requests.devices.store.DecideDeviceRequest(ctx, storage.DeviceDecision{ID: p.device.record.ID, At: p.now, Approved: approve, UserID: user})
	if err == nil {
		return result, nil
	}
	if !errors.Is(err, storage.ErrConflict) {
		return "", unavailable(err)
	}
	r, err := s.requests.devices.store.DeviceRequest(ctx, p.device.record.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", nil
	case err != nil:
		return "", unavailable(err)
	case r.SessionID == p.device.record.SessionID && !r.DecidedAt.IsZero() && r.Approved == approve && r.UserID == user:
		return result, nil
	}
	return "", nil
}

// deviceDone says what became of the request; "" that it was not pending any more.
func (s *SignIn) deviceDone(p plan, result DeviceResult) Outcome {
	if result == "" {
		o := s.askForUserCode(ProblemUserCode, &Error{})
		o.Cookie = p.cookie
		return o
	}
	p.step = authorization.Step{Kind: authorization.StepDeviceDone}
	o := s.baseOutcome(p)
	o.Device, o.DeviceResult = p.device.view(), result
	return o
}

// freshAdmin is how old a sign-in may be that approves a device which administers, in seconds.
var freshAdmin = int64(5 * 60)

// deviceRedeemTime is how long the device has at least to fetch its tokens after the approval.
const deviceRedeemTime = time.Minute

// codeOfDevice stands for what the code of a session is bound to that a device begins.
const codeOfDevice = "device"

// deviceSession is the session that the device begins. It is no child of the browser session: it
// is another device's, lives on without it, and is ended by itself.
func (p plan) deviceSession() storage.Session {
	r, browser := p.device.record, p.signedIn.Session
	s := storage.Session{
		ID: r.SessionID, UserID: p.signedIn.User.ID, ClientID: p.client.ID, Scopes: p.rights.Scopes, Audience: p.rights.Audience,
		Generation: storage.PendingGeneration, RotatedAt: p.now, CreatedAt: p.now, ExpiresAt: r.ExpiresAt,
		AuthTime: browser.AuthTime, AMR: browser.AMR, UserEpoch: browser.UserEpoch, ClientEpoch: r.ClientEpoch,
		Device: r.Device, Network: r.Network, Code: storage.Code{RedirectHash: codeOfDevice}, CodeCheck: codeOfDevice,
	}
	if least := p.now.Add(deviceRedeemTime); s.ExpiresAt.Before(least) {
		s.ExpiresAt = least
	}
	return s
}
