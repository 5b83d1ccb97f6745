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
	if s.metricsListen != "" {
		if d.metrics, err = openDoor("metrics-listen", s.metricsListen); err != nil {
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

// open is the public listener as the server takes it.
func (d *doors) open() net.Listener {
	return endpoints.LimitConnections(d.public, endpoints.DefaultMaxConnections)
}

// tlsConfig is nil for plain HTTP. Versions before 1.2 are refused (RFC 8996).
func (d *doors) tlsConfig() *tls.Config {
	if d.certificate == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: d.certificate.get}
}

// url is where the public listener answers.
func (d *doors) url() string {
	if d.certificate != nil {
		return "https://" + d.public.Addr().String()
	}
	return "http://" + d.public.Addr().String()
}

// close closes what is still open; what a server has closed already is none.
func (d *doors) close() error {
	err := d.public.Close()
	if d.metrics != nil {
		err = errors.Join(err, d.metrics.Close())
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// reachesLoopbackOnly tells whether only this machine can reach the listener.
func (d *doors) reachesLoopbackOnly() bool {
	a, ok := d.public.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
