package issuer

import (
	"context"
	"errors"
	"time"

	"example.org/signet/issuer/usercode"
	"example.org/signet/storage"
)

// PathDevice is where people type the code of a device, below the issuer's path.
const PathDevice = "/device"

const (
	deviceTTL      = 10 * time.Minute
	deviceInterval = 5 * time.Second // between two polls (RFC 8628 §3.2)

	// userCodeDraws bounds how often a code is drawn that is taken: with 10,000 requests that are
	// pending, four in ten million are.
	userCodeDraws = 5
)

// deviceRequestsFrom bounds the requests of devices from one of the narrowest networks, or through
// one confidential client: anybody can send them in the name of a public client.
var deviceRequestsFrom = Limit{200, 15 * time.Minute}

// DeviceAuthorizationRequest is a request to the device authorization endpoint (RFC 8628 §3.1).
type DeviceAuthorizationRequest struct {
	Client   ClientAuth
	Scope    string
	Resource string // RFC 8707
	Info     RequestInfo
}

// DeviceAuthorization is the answer of RFC 8628 §3.2. It is for the client alone.
type DeviceAuthorization struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// AuthorizeDevice begins a device authorization request. Errors are *Error.
func (i *Issuer) AuthorizeDevice(ctx context.Context, r DeviceAuthorizationRequest) (DeviceAuthorization, error) {
	var req *grantRequest
	_, err := i.auth.authenticateFor(ctx, r.Client, r.Info, func(c storage.Client) (err error) {
		req, err = i.checkDeviceRequest(r, c)
		return err
	})
	if err != nil {
		return DeviceAuthorization{}, err
	}
	allowed, err := (eventLimiter{i.store, i.now}).allowFrom(ctx, "device.requested", req.Info, deviceRequestsFrom)
	if err != nil {
		return DeviceAuthorization{}, err
	}
	if !allowed {
		return DeviceAuthorization{}, &Error{Code: TooManyAttempts, Description: "too many devices have asked from here, try again later", RetryAfter: time.Minute}
	}
	return i.createDeviceRequest(ctx, req)
}

// checkDeviceRequest makes the checks of the token endpoint that need the client alone.
func (i *Issuer) checkDeviceRequest(r DeviceAuthorizationRequest, client storage.Client) (*grantRequest, error) {
	if !contains(client.Grants, GrantDeviceCode) {
		return nil, newError(UnauthorizedClient, "this client may not use the device flow")
	}
	requested, err := parseScope(r.Scope)
	if err != nil {
		return nil, err
	}
	if r.Info, err = r.Info.Through(client); err != nil {
		return nil, err
	}
	req := &grantRequest{TokenRequest: TokenRequest{Resource: r.Resource, Info: r.Info}, client: client, requested: requested}
	return req, clientBounds(client, i.cfg.Issuer).check(req)
}

// createDeviceRequest draws the codes and inserts the request. A user code that is taken is drawn again.
func (i *Issuer) createDeviceRequest(ctx context.Context, req *grantRequest) (DeviceAuthorization, error) {
	h, err := newHandle(i.devices.rand)
	if err != nil {
		return DeviceAuthorization{}, unavailable(err)
	}
	at := i.now()
	record := storage.DeviceRequest{
		SessionID: h.sessionID(), ClientID: req.client.ID, ClientEpoch: req.client.Epoch, Scopes: req.requested, Resource: req.Resource,
		CreatedAt: at, ExpiresAt: at.Add(deviceTTL), Device: describeUserAgent(req.Info.UserAgent), Network: networkPrefix(req.Info.Address),
	}
	for range userCodeDraws {
		user, err := usercode.New(i.devices.rand)
		if err != nil {
			return DeviceAuthorization{}, unavailable(err)
		}
		record.ID = i.devices.ids(user)[0]
		err = i.store.CreateDeviceRequest(ctx, record)
		if errors.Is(err, storage.ErrConflict) {
			continue
		}
		if err != nil {
			return DeviceAuthorization{}, unavailable(err)
		}
		return i.deviceAuthorization(h, user), nil
	}
	return DeviceAuthorization{}, unavailable(errUserCodesTaken)
}

var errUserCodesTaken = errors.New("every user code that was drawn is taken")

func (i *Issuer) deviceAuthorization(h handle, user usercode.Code) DeviceAuthorization {
	uri := i.cfg.Issuer + PathDevice
	return DeviceAuthorization{
		DeviceCode: i.devices.code(h, user), UserCode: user.String(),
		VerificationURI: uri, VerificationURIComplete: uri + "?user_code=" + user.String(),
		ExpiresIn: int64(deviceTTL / time.Second), Interval: int64(deviceInterval / time.Second),
	}
}

// deviceReader finds requests by their codes.
type deviceReader struct {
	store storage.DeviceRequests
	codes *deviceCodec
}

// byUserCode returns the request with that user code; storage.ErrNotFound for none.
func (d deviceReader) byUserCode(ctx context.Context, user usercode.Code) (r storage.DeviceRequest, err error) {
	err = storage.ErrNotFound
	for _, id := range d.codes.ids(user) {
		if r, err = d.store.DeviceRequest(ctx, id); !errors.Is(err, storage.ErrNotFound) {
			return r, err
		}
	}
	return r, err
}
