package authorization

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.org/signet/storage"
)

// MaxURI bounds a URI of a client, in bytes.
const MaxURI = 1024

// The loopback hosts that plain http is allowed for. Others, such as 127.0.0.2 or
// 2130706433, reach this machine too, but no library uses them (RFC 8252 §7.3).
const (
	loopbackIPv4 = "127.0.0.1"
	loopbackIPv6 = "[::1]"
	localhost    = "localhost"
)

// The parameters of an authorization response. In the query of a redirect URI each would
// be there twice.
var responseParameters = []string{"code", "error", "error_description", "error_uri", "iss", "state"}

// CheckRedirectURI checks a redirect URI that is to be registered (OAuth 2.1 §2.3.1, §8.4;
// RFC 8252 §7): https, http on a loopback host, or a private-use scheme with a period in
// it. The error says what the URI must be, and does not repeat it.
func CheckRedirectURI(uri string) error {
	return checkTarget(uri, responseParameters)
}

// CheckPostLogoutURI checks a post-logout redirect URI that is to be registered (OpenID
// Connect RP-Initiated Logout 1.0 §3.1), by the rules of CheckRedirectURI.
func CheckPostLogoutURI(uri string) error {
	return checkTarget(uri, []string{"state"})
}

// CheckHTTPSURI checks a URI that Signet requests or that pages link to: https, or http
// on a loopback host for development.
func CheckHTTPSURI(uri string) error {
	u, err := parseURI(uri)
	if err != nil {
		return err
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("must begin with https://")
	}
	return checkWebURI(u)
}

// checkTarget checks a URI that a browser is redirected to. The reserved parameters are
// those that are added to its query.
func checkTarget(uri string, reserved []string) error {
	u, err := parseURI(uri)
	switch {
	case err != nil:
		return err
	case strings.Contains(uri, "*"):
		return errors.New("must not have an asterisk: a URI is compared as it is, so register each")
	case u.Scheme == "https", u.Scheme == "http":
		err = checkWebURI(u)
	case !strings.Contains(u.Scheme, "."):
		err = errors.New("must begin with https://, with http:// and a loopback host, or with a scheme that has a period in it such as com.example.app (RFC 8252 section 7.1)")
	case u.Opaque == "" && u.Host == "" && strings.Trim(u.Path, "/") == "":
		err = errors.New("must have something after its scheme, such as com.example.app:/callback")
	}
	if err != nil {
		return err
	}
	return checkQuery(u, reserved)
}

// parseURI parses an absolute URI without fragment and user information (RFC 3986).
func parseURI(uri string) (*url.URL, error) {
	switch {
	case uri == "":
		return nil, errors.New("must not be empty")
	case len(uri) > MaxURI:
		return nil, fmt.Errorf("must have at most %d bytes", MaxURI)
	case strings.ContainsFunc(uri, notURICharacter):
		return nil, errors.New("must have characters of a URI only: others are written with % and two hexadecimal digits, and a host in its xn-- form")
	case strings.Contains(uri, "#"):
		return nil, errors.New("must not have a fragment")
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs():
		return nil, errors.New("must be an absolute URI such as https://app.example.com/callback")
	case u.User != nil:
		return nil, errors.New("must not have a user name or password in it")
	case hasDotSegment(u.Path):
		return nil, errors.New("must not have . or .. in its path: browsers resolve it, so it would never match")
	}
	return u, nil
}

// notURICharacter tells whether a character is none of those that RFC 3986 allows.
func notURICharacter(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c)
}

// hasDotSegment tells whether a decoded path has a segment that is . or .. (RFC 3986 §5.2.4).
func hasDotSegment(path string) bool {
	segments := strings.Split(path, "/")
	return slices.Contains(segments, ".") || slices.Contains(segments, "..")
}

// hostName is a host name in ASCII.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$`)

// checkWebURI checks an http or https URI: its host, its port, and that it is not http
// but on a loopback host.
func checkWebURI(u *url.URL) error {
	host, port := u.Hostname(), u.Port()
	n, err := strconv.Atoi(port)
	switch {
	case u.Opaque != "" || !isWebHost(u.Host, host):
		return errors.New("must have a host name or an address after " + u.Scheme + "://")
	case port == "" && strings.HasSuffix(u.Host, ":"), port != "" && (err != nil || n < 1 || n > 65535):
		return errors.New("must have a port from 1 to 65535, or none")
	case u.Scheme == "http" && !isLoopback(strings.TrimSuffix(u.Host, ":"+port)):
		return errors.New("must begin with https://: http is for the hosts 127.0.0.1, [::1] and localhost only")
	}
	return nil
}

// isWebHost tells whether a host is a name, an IPv4 address or an IPv6 address in brackets.
func isWebHost(hostPort, host string) bool {
	if !strings.HasPrefix(hostPort, "[") {
		return hostName.MatchString(host)
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isLoopback(host string) bool {
	return host == loopbackIPv4 || host == loopbackIPv6 || host == localhost
}

// checkQuery refuses a query that is not well-formed or has one of the parameters.
func checkQuery(u *url.URL, reserved []string) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("must have a well-formed query, or none")
	}
	for _, name := range reserved {
		if query.Has(name) {
			return errors.New("must not have the parameter " + name + " in its query, which the answer has too")
		}
	}
	return nil
}

// MatchRedirectURI tells whether the client has registered the redirect URI of a request:
// the same byte for byte (RFC 9700 §2.1), but for the port of http on a loopback IP literal
// (RFC 8252 §7.3), and on localhost if the client allows it.
func MatchRedirectURI(client storage.Client, uri string) bool {
	if slices.Contains(client.RedirectURIs, uri) {
		return true
	}
	host, rest, ok := cutLoopback(uri)
	if !ok || host == localhost && !client.LocalhostPorts {
		return false
	}
	return slices.ContainsFunc(client.RedirectURIs, func(registered string) bool {
		h, r, ok := cutLoopback(registered)
		return ok && h == host && r == rest
	})
}

// cutLoopback returns the host of an http URI on a loopback host, and what follows the
// port. It reads the text itself, so that nothing is normalized.
func cutLoopback(uri string) (host, rest string, ok bool) {
	after, isHTTP := strings.CutPrefix(uri, "http://")
	if !isHTTP {
		return "", "", false
	}
	for _, host := range []string{loopbackIPv4, loopbackIPv6, localhost} {
		if rest, ok := strings.CutPrefix(after, host); ok {
			rest, ok = cutPort(rest)
			return host, rest, ok
		}
	}
	return "", "", false
}

// cutPort cuts an optional port off. What follows must be a path, a query, or nothing.
func cutPort(s string) (rest string, ok bool) {
	if port, found := strings.CutPrefix(s, ":"); found {
		end := strings.IndexFunc(port, func(c rune) bool { return c < '0' || c > '9' })
		if end < 0 {
			end = len(port)
		}
		n, err := strconv.Atoi(port[:end])
		if err != nil || n < 1 || n > 65535 || port[0] == '0' {
			return "", false
		}
		s = port[end:]
	}
	return s, s == "" || s[0] == '/' || s[0] == '?'
}

// IsNative tells whether a redirect URI is one of a native app that no other app can be
// told from: a private-use scheme, or http on a loopback host (RFC 8252 §8.6).
func IsNative(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Scheme != "https"
}
