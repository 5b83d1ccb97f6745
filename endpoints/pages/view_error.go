package pages

import "time"

// ErrorKind is what went wrong, as an error page tells it: each has a fixed phrase as its
// heading, which test automation may rely on.
type ErrorKind string

// The kinds. In brackets: the status that goes with them.
const (
	ErrorUnknownClient       ErrorKind = "unknown_client"        // [400] client_id missing, unknown or disabled
	ErrorRedirectURIMissing  ErrorKind = "redirect_uri_missing"  // [400]
	ErrorRedirectURIMismatch ErrorKind = "redirect_uri_mismatch" // [400] not registered
	ErrorInvalidRequest      ErrorKind = "invalid_request"       // [400] malformed, doubled parameters, a response mode that cannot be used
	ErrorRequestTooLarge     ErrorKind = "request_too_large"     // [414 or 413]
	ErrorCrossSite           ErrorKind = "cross_site"            // [403] a form that another site sent
	ErrorForbidden           ErrorKind = "forbidden"             // [403]
	ErrorThrottled           ErrorKind = "throttled"             // [429] with Retry-After
	ErrorUnavailable         ErrorKind = "unavailable"           // [503] with Retry-After: outcome unknown, or overloaded
	ErrorInternal            ErrorKind = "internal"              // [500]
	ErrorLogout              ErrorKind = "logout_refused"        // [400] a logout request that leads nowhere: bad hint, URI or client
)

// ErrorKinds returns all kinds.
func ErrorKinds() []ErrorKind {
	return []ErrorKind{
		ErrorUnknownClient, ErrorRedirectURIMissing, ErrorRedirectURIMismatch, ErrorInvalidRequest, ErrorRequestTooLarge,
		ErrorCrossSite, ErrorForbidden, ErrorThrottled, ErrorUnavailable, ErrorInternal, ErrorLogout,
	}
}

// ErrorView is the page of a request that cannot be answered by a redirect.
type ErrorView struct {
	Kind   ErrorKind
	Client *Client // nil where it is not known
	// BackURL leads back to the application: a registered URL of a known client, or "".
	BackURL string
	// RetryURL asks for the same by GET, a path of this server; "" for none.
	RetryURL   string
	RetryAfter time.Duration // 0 for unknown
	Details    Details
}

// Details are for the developer of the application, in a folded part of the page.
type Details struct {
	Code        string // such as invalid_request
	Description string // in English: the same that an answer in JSON has
	RequestID   string // the audit log knows it
	Time        time.Time
	ClientID    string
	// RedirectURI is the one received, as it came: the page escapes and cuts it and leaves out
	// the values of its query.
	RedirectURI string
	// Nearest is the registered one that is most alike: give it only where strangers may see
	// it, on a loopback issuer.
	Nearest string
}
