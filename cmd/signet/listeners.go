package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"example.org/signet/endpoints"
)

// listeners are the listeners of a server. They are opened before anything else,
// so that an address that is taken stops a start before it has done anything.
type listeners struct {
	public      net.Listener
	admin       net.Listener  // nil if not separate
	metrics     net.Listener  // nil for none
	app         net.Listener  // of the demo application; nil for none
	certificate *certReloader // nil for plain HTTP
}

func openListeners(s *settings) (*listeners, error) {
	var ls listeners
	var err error
	if s.tlsCert != "" {
		if ls.certificate, err = newCertReloader(s.tlsCert, s.tlsKey); err != nil {
			return nil, err
		}
	}
	if ls.public, err = openListener("listen", s.listen); err != nil {
		return nil, err
	}
	if s.appListen != "" && !s.isSet("app-listen") {
		s.appListen = freeIfTaken(s.appListen)
	}
	for _, spec := range []struct {
		flag, address string
		open          *net.Listener
	}{{"admin-listen", s.ownAdminListen(), &ls.admin}, {"metrics-listen", s.metricsListen, &ls.metrics}, {"app-listen", s.appListen, &ls.app}} {
		if spec.address == "" {
			continue
		}
		if *spec.open, err = openListener(spec.flag, spec.address); err != nil {
			return nil, errors.Join(err, ls.close())
		}
	}
	return &ls, nil
}

// freeIfTaken returns the address, or one of the same host with port 0 where another program
// listens there: nobody chose the address.
func freeIfTaken(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		err = l.Close()
	}
	host, _, splitErr := net.SplitHostPort(address)
	if !errors.Is(err, syscall.EADDRINUSE) || splitErr != nil {
		return address
	}
	return net.JoinHostPort(host, "0")
}

func openListener(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	err = fmt.Errorf("--%s %s: %w", flag, address, err)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, withHint(err, "another program listens there: stop it, or choose another address by --%s", flag)
	}
	return nil, withHint(err, "choose an address of this machine by --%s", flag)
}

// limitConnections bounds the number of open connections of a listener, and
// refuses requests of ambiguous length on plain ones; on others ServeTLS does.
func (ls *listeners) limitConnections(l net.Listener) net.Listener {
	if ls.certificate == nil {
		l = endpoints.CheckFraming(l)
	}
	return endpoints.LimitConnections(l, endpoints.DefaultMaxConnections)
}

// tlsConfig is nil for plain HTTP. Versions before 1.2 are refused (RFC 8996).
func (ls *listeners) tlsConfig() *tls.Config {
	if ls.certificate == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: ls.certificate.getCertificate}
}

// publicURL is the base URL of the public listener.
func (ls *listeners) publicURL() string { return ls.urlOf(ls.public) }

func (ls *listeners) urlOf(l net.Listener) string {
	if ls.certificate != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// close closes the listeners; one that a server has closed already is no error.
func (ls *listeners) close() error {
	var errs []error
	for _, l := range []net.Listener{ls.public, ls.admin, ls.metrics, ls.app} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// loopbackOnly tells whether only this machine can reach the listener.
func loopbackOnly(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
