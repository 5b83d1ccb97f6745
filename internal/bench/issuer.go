package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// endpoints are the addresses of an issuer.
type endpoints struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	JWKS          string `json:"jwks_uri"`
	EndSession    string `json:"end_session_endpoint"`

	discovery string
	goOn      string // where a browser goes on past the page of a redirect loop
	origin    string
}

// IsLoopback tells whether the host of a URL is this machine's own loopback.
func IsLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Hostname() == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}

// discover reads the discovery document. An address outside the issuer's origin is refused:
// passwords and secrets are sent there.
func discover(ctx context.Context, client *http.Client, issuer string) (endpoints, error) {
	e := endpoints{discovery: issuer + "/.well-known/openid-configuration", goOn: issuer + "/login/continue"}
	body, err := get(ctx, client, e.discovery)
	if err != nil {
		return e, fmt.Errorf("read the discovery document: %w", err)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("read the discovery document: %w", err)
	}
	if e.Issuer != issuer {
		return e, fmt.Errorf("the discovery document is of another issuer: %.200q", e.Issuer)
	}
	u, err := url.Parse(issuer)
	if err != nil {
		return e, err
	}
	e.origin = u.Scheme + "://" + u.Host
	for name, address := range map[string]string{
		"token_endpoint": e.Token, "introspection_endpoint": e.Introspection, "revocation_endpoint": e.Revocation, "jwks_uri": e.JWKS,
	} {
		if !e.own(address) {
			return e, fmt.Errorf("the discovery document leads elsewhere: %s is not below %s", name, e.origin)
		}
	}
	for name, address := range map[string]string{"authorization_endpoint": e.Authorization, "end_session_endpoint": e.EndSession} {
		if address != "" && !e.own(address) {
			return e, fmt.Errorf("the discovery document leads elsewhere: %s is not below %s", name, e.origin)
		}
	}
	return e, nil
}

// own tells whether an address is of the issuer's origin.
func (e *endpoints) own(address string) bool { return strings.HasPrefix(address, e.origin+"/") }
