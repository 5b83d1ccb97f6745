package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// checkIssuerURL holds an issuer to RFC 8414 §2, and to one spelling: others
// compare it byte for byte.
func checkIssuerURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("is empty")
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("is not a URL such as https://id.example.com")
	case u.User != nil:
		return errors.New("must not hold credentials")
	case strings.ContainsAny(raw, "?#"):
		return errors.New("must have neither query nor fragment")
	case strings.HasSuffix(raw, "/"):
		return errors.New("must not end with a slash")
	case raw != strings.ToLower(u.Scheme+"://"+u.Host)+u.EscapedPath():
		return errors.New("must be spelled in one way: scheme and host in lower case")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must begin with https://")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return errors.New("must be https, for its host is not this machine's own loopback")
	case u.Port() == "0" && !isLoopback(u.Hostname()):
		return errors.New("port 0 is for a loopback host only")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// withPort puts the port of the listener in the place of port 0.
func withPort(issuer string, listener net.Addr) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Port() != "0" {
		return issuer
	}
	_, port, err := net.SplitHostPort(listener.String())
	if err != nil {
		return issuer
	}
	u.Host = strings.TrimSuffix(u.Host, "0") + port
	return u.String()
}
