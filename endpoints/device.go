package endpoints

import (
	"context"
	"net/http"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
)

// deviceAuthorizer begins the requests of devices.
type deviceAuthorizer interface {
	AuthorizeDevice(ctx context.Context, r issuer.DeviceAuthorizationRequest) (issuer.DeviceAuthorization, error)
}

// deviceAuthorizationEndpoint is RFC 8628 §3.1.
type deviceAuthorizationEndpoint struct {
	issuer  deviceAuthorizer
	limiter *limiter
}

var _ endpoint = deviceAuthorizationEndpoint{}

func (d deviceAuthorizationEndpoint) handle(r *http.Request, e *event) (any, error) {
	f, err := readForm(r, "")
	if err != nil {
		return nil, err
	}
	client, err := clientAuth(r, f)
	if err != nil {
		return nil, err
	}
	ctx, release, err := d.limiter.acquire(r.Context(), d.limiter.storeTimeout)
	if err != nil {
		return nil, err
	}
	defer release()
	response, err := d.issuer.AuthorizeDevice(ctx, issuer.DeviceAuthorizationRequest{
		Client: client, Scope: f["scope"], Resource: f["resource"], Info: e.source(),
	})
	e.setClient(client.ID, err)
	return response, err
}

// deviceEndpoint is the page that asks for the code which a device shows. A code in the URL (RFC
// 8628 §3.3.1) fills the field, and does nothing before a click.
type deviceEndpoint struct{ signInFlow }

var _ endpoint = deviceEndpoint{}

func (d deviceEndpoint) handle(r *http.Request, e *event) (any, error) {
	if r.Method != http.MethodPost {
		return pageReply{view: pages.DeviceView{Action: d.url(pathDevice, ""), UserCode: r.URL.Query().Get("user_code")}}, nil
	}
	if err := d.site.checkOrigin(r); err != nil {
		return nil, err
	}
	fields, err := readPageForm(r, "user_code")
	if err != nil {
		return nil, err
	}
	typed := fields["user_code"]
	in := d.interaction(r, e)
	out, err := d.run(r, e, in, d.limiter.storeTimeout, func(ctx context.Context, in issuer.Interaction) (issuer.Outcome, error) {
		return d.signIn.Device(ctx, in, typed)
	})
	if err != nil {
		return nil, err
	}
	return d.answer(r, in, out, pathDevice, formState{userCode: typed})
}

// devicePage shows the page that asks for the code, or what became of the request.
func (f signInFlow) devicePage(reply pageReply, out issuer.Outcome, typed formState) pageReply {
	if out.DeviceResult == "" {
		problem := pages.Problem(out.Problem)
		reply.status, reply.retryAfter = statusOfProblem(problem), out.RetryAfter
		reply.view = pages.DeviceView{Action: f.url(pathDevice, ""), UserCode: typed.userCode, Problem: problem, RetryAfter: out.RetryAfter}
		return reply
	}
	v := pages.DeviceDoneView{Done: pages.DeviceDone(out.DeviceResult)}
	if c := f.site.clientView(out.Client); c != nil {
		v.Client = *c
	}
	if out.DeviceResult == issuer.DeviceResultRefused {
		reply.status = http.StatusForbidden
		other := out.Request
		other.Prompt.SelectAccount = true
		v.SwitchURL = f.url(pathLogin, other.Canonical())
	}
	reply.view = v
	return reply
}

// deviceView returns a device as pages show it; nil for none.
func deviceView(d *issuer.DeviceView) *pages.Device {
	if d == nil {
		return nil
	}
	return &pages.Device{UserCode: d.UserCode, Name: d.Device, Network: d.Network, AskedAt: d.AskedAt}
}
