package issuer

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// ParseURL parses the identifier of an issuer (RFC 8414 §2). It must have one
// spelling, since others compare it byte for byte, and be https unless its host is
// loopback. Port 0, on loopback only, stands for one that is yet to be taken.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return nil, errors.New("is empty")
	case err != nil || u.Host == "" || u.Opaque != "":
		return nil, errors.New("is not a URL such as https://id.example.com")
	case u.User != nil:
		return nil, errors.New("must not hold credentials")
	case strings.ContainsAny(raw, "?#"):
		return nil, errors.New("must have neither query nor fragment")
	case strings.HasSuffix(raw, "/"):
		return nil, errors.New("must not end with a slash")
	case raw != strings.ToLower(u.Scheme+"://"+u.Host)+u.EscapedPath():
		return nil, errors.New("must be spelled in one way: scheme and host in lower case")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must begin with https://")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must be https, for its host is not this machine's own loopback")
	case u.Port() == "0" && !isLoopback(u.Hostname()):
		return nil, errors.New("port 0 is for a loopback host only")
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// appName returns the service as authenticator apps show it.
func (c Config) appName() string {
	if u, err := url.Parse(c.Issuer); c.Name == "" && err == nil {
		return u.Host
	}
	return c.Name
}
