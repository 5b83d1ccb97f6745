// Package safehttp is the HTTP client for URIs that somebody else has chosen, such as a
// client's logo or its back-channel logout URI. It connects to public addresses only, so
// that nobody reaches a network through Signet that they cannot reach themselves (server-side
// request forgery).
//
// The address is checked when the connection is made, after the name was resolved: a name that
// resolves to another address the second time gains nothing. Redirects are not followed, and
// proxies of the environment are not used, since a proxy would resolve the name itself.
package safehttp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Timeout bounds a request from the connection to the last byte of the body.
const Timeout = 5 * time.Second

// maxResponseHeader bounds the header of a response, in bytes.
const maxResponseHeader = 16 << 10

// ErrAddress means that a host has an address that is not public and not allowed.
var ErrAddress = errors.New("the host has an address that is not public")

// ErrTooLarge means that a body is longer than the caller takes.
var ErrTooLarge = errors.New("the response is too long")

// Client returns a client that connects to public addresses and to those that allow accepts;
// nil accepts no other. It follows no redirect: the redirect is the response.
func Client(allow func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: Timeout,
		Control: func(_, address string, _ syscall.RawConn) error { return checkAddress(address, allow) },
	}
	return &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: Timeout,
			MaxIdleConns: 16, MaxIdleConnsPerHost: 2, MaxConnsPerHost: 16, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: maxResponseHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// checkAddress checks the address of one attempt to connect.
func checkAddress(address string, allow func(netip.Addr) bool) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrAddress
	}
	if addr := a.Addr().Unmap(); IsPublic(addr) || allow != nil && allow(addr) {
		return nil
	}
	return ErrAddress
}

// Loopback accepts the addresses of this machine, for development.
func Loopback(a netip.Addr) bool { return a.IsLoopback() }

// Fetch gets a body of at most limit bytes. Any status but 200 is an error.
func Fetch(ctx context.Context, c *http.Client, uri string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, http.NoBody)
	if err != nil {
		return nil, errors.New("the URI is not well-formed")
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, Cause(err)
	}
	defer func() { _ = res.Body.Close() }() // nothing is written to it
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered with status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
		return nil, Cause(err)
	case int64(len(body)) > limit:
		return nil, ErrTooLarge
	}
	return body, nil
}

// Cause brings an error of a request to one of a few sentences. None repeats the URI.
func Cause(err error) error {
	var timeout net.Error
	var noHost *net.DNSError
	var badCertificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrAddress):
		return ErrAddress
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the server did not answer within %s", Timeout)
	case errors.As(err, &noHost):
		return errors.New("the host's name cannot be resolved")
	case errors.As(err, &badCertificate):
		return errors.New("the server's certificate is not valid")
	}
	return errors.New("the server cannot be reached")
}
