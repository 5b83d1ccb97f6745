package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"

	"example.org/signet/endpoints"
)

// doors are the listeners of a server. They are opened before anything else,
// so that an address that is taken stops a start before it has done anything.
type doors struct {
	public      net.Listener
	admin       net.Listener // nil for none of its own
	metrics     net.Listener // nil for none
	certificate *certificate // nil for plain HTTP
}

func openDoors(s *settings) (*doors, error) {
	var d doors
	var err error
	if s.tlsCert != "" {
		if d.certificate, err = loadCertificate(s.tlsCert, s.tlsKey); err != nil {
			return nil, err
		}
	}
	if d.public, err = openDoor("listen", s.listen); err != nil {
		return nil, err
	}
	for _, door := range []struct {
		flag, address string
		open          *net.Listener
	}{{"admin-listen", s.ownAdminListen(), &d.admin}, {"metrics-listen", s.metricsListen, &d.metrics}} {
		if door.address == "" {
			continue
		}
		if *door.open, err = openDoor(door.flag, door.address); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	return &d, nil
}

func openDoor(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	err = fmt.Errorf("--%s %s: %w", flag, address, err)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, hint(err, "another program listens there: stop it, or choose another address by --%s", flag)
	}
	return nil, hint(err, "choose an address of this machine by --%s", flag)
}

// open is a listener as the server takes it.
func (d *doors) open(l net.Listener) net.Listener {
	return endpoints.LimitConnections(l, endpoints.DefaultMaxConnections)
}

// tlsConfig is nil for plain HTTP. Versions before 1.2 are refused (RFC 8996).
func (d *doors) tlsConfig() *tls.Config {
	if d.certificate == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: d.certificate.get}
}

// url is where the public listener answers.
func (d *doors) url() string { return d.urlOf(d.public) }

func (d *doors) urlOf(l net.Listener) string {
	if d.certificate != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// close closes what is still open; what a server has closed already is none.
func (d *doors) close() error {
	var faults []error
	for _, l := range []net.Listener{d.public, d.admin, d.metrics} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// loopbackOnly tells whether only this machine can reach the listener.
func loopbackOnly(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
