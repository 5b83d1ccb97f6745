package admin

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// opaqueSchemes are those whose pages have the origin "null".
var opaqueSchemes = []string{"about", "blob", "data", "file", "filesystem", "javascript"}

// hostName is a host as browsers send it: ASCII, in lower case.
var hostName = regexp.MustCompile(`^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?$`)

// checkOrigin demands an origin as browsers send it (RFC 6454 §6.2), so that none
// is registered that can never match. Beside http and https there are those of
// apps and of browser extensions, such as capacitor://localhost.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme == "", u.Host == "", s != u.Scheme+"://"+u.Host:
		return errors.New("must be origins such as https://app.example.com, in lower case, without a path")
	case strings.ContainsFunc(s, func(c rune) bool { return c > '~' }):
		return errors.New("must be in ASCII: browsers send the xn-- form of a host, so give that")
	case s != strings.ToLower(s):
		return errors.New("must be in lower case, as browsers send them")
	case strings.Contains(s, "*"):
		return errors.New("must be whole origins: a browser never sends an asterisk, so give each host")
	case slices.Contains(opaqueSchemes, u.Scheme):
		return errors.New(`must not be of the scheme ` + u.Scheme + `: browsers send "null" for its pages`)
	case isWebScheme(u.Scheme) && !isWebHost(u.Hostname(), u.Host):
		return errors.New("must have a host name or an address as browsers send it")
	}
	return checkOriginPort(u)
}

func isWebScheme(scheme string) bool { return scheme == "http" || scheme == "https" }

// isWebHost tells whether a host is a name, an IPv4 address or an IPv6 address in
// brackets and in its shortest form.
func isWebHost(name, host string) bool {
	if !strings.HasPrefix(host, "[") {
		return hostName.MatchString(name)
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Is6() && a.Zone() == "" && a.String() == name
}

func checkOriginPort(u *url.URL) error {
	port := u.Port()
	n, err := strconv.Atoi(port)
	switch {
	case port == "" && strings.HasSuffix(u.Host, ":"), port != "" && (err != nil || n < 1 || n > 65535 || port != strconv.Itoa(n)):
		return errors.New("must have a port from 1 to 65535, or none")
	case u.Scheme == "https" && n == 443, u.Scheme == "http" && n == 80:
		return errors.New("must leave out port " + port + ": browsers never send the default port of " + u.Scheme)
	}
	return nil
}
