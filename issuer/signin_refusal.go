package issuer

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/storage"
)

// refusedRequests bounds the events of requests that are refused, from one of the narrowest
// networks: anybody can send them.
var refusedRequests = Limit{300, 15 * time.Minute}

// refuse audits a request that is not valid, and answers the client where that may be.
func (s *SignIn) refuse(ctx context.Context, v *visit) (Outcome, error) {
	r := v.refusal
	if r.Problem == authorization.ProblemDevice {
		o := s.askForUserCode(ProblemUserCode, &Error{})
		o.Cookie = v.cookie
		return o, nil
	}
	o := Outcome{Refusal: r, Request: r.Request, Cookie: v.cookie}
	if v.client.ID != "" {
		o.Client = clientView(v.client, r.Request.RedirectURI)
	}
	if r.Redirect {
		response := r.Response(s.issuer)
		o.Response = &response
		o.Step = authorization.Step{
			Kind: authorization.StepRespondError, Code: r.Code, Description: r.Description, Continue: !v.in.Clicked && response.ToApp(),
		}
	}
	return o, s.refusals.append(ctx, v.in.Info, r)
}

// refusalLog audits refused requests.
type refusalLog struct {
	limiter eventLimiter
	log     eventLog
}

// append appends the event of a refused request, as far as the network has not caused
// too many.
func (l refusalLog) append(ctx context.Context, info RequestInfo, r *authorization.Refusal) error {
	write, err := l.limiter.allowFrom(ctx, "authorize.refused", info, refusedRequests)
	if err != nil || !write {
		return err
	}
	client := r.Request.ClientID
	return l.log.append(ctx, info, storage.AuditEvent{
		Type: audit.EventAuthorizeRefused, Target: client, ClientID: client, Detail: refusalDetail(r),
	})
}

// refusalDetail says what was refused, in fixed words. Of the request it repeats a redirect URI
// alone, as far as that may be shown: the operator must see how it differs.
func refusalDetail(r *authorization.Refusal) string {
	detail := r.Code + ": " + r.Description
	switch {
	case r.URI == nil:
		return detail
	case r.URI.Nearest == "":
		return detail + "; received " + strconv.QuoteToASCII(r.URI.Received) + ", none is registered"
	}
	return detail + fmt.Sprintf("; received %s, nearest registered %s: they differ from byte %d on",
		strconv.QuoteToASCII(r.URI.Received), strconv.QuoteToASCII(r.URI.Nearest), r.URI.At+1)
}

// refusalOf returns the refusal that an error is which only a step can find: the user or the
// authentication that the request demands is not there. It returns nil where the user must
// sign in or agree first, which is the normal answer to prompt=none.
func refusalOf(r authorization.Request, step authorization.Step) *authorization.Refusal {
	demands := r.IDTokenHint != "" || r.Claims.Sent != ""
	if step.Code == authorization.UnmetAuthentication || step.Code == authorization.LoginRequired && demands {
		return r.Refuse(step.Code, "", step.Description)
	}
	return nil
}
