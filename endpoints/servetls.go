package endpoints

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
)

// ServeTLS serves HTTPS on the listener until the server is closed, as
// [http.Server.ServeTLS] does with srv.TLSConfig, and refuses on HTTP/1 what
// [CheckFraming] refuses. HTTP/2 frames bodies by itself (RFC 9113 §8.1).
func ServeTLS(srv *http.Server, l net.Listener) error {
	srv.TLSConfig = srv.TLSConfig.Clone()
	srv.TLSConfig.NextProtos = []string{"h2", "http/1.1"}
	srv.Handler = overTLS{srv.Handler}
	return srv.Serve(listenTLS(l, srv.TLSConfig))
}

// overTLS marks requests as sent over TLS: net/http does so only for connections
// whose type it knows.
type overTLS struct{ http.Handler }

func (h overTLS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil {
		r.TLS = new(tls.ConnectionState)
	}
	h.Handler.ServeHTTP(w, r)
}

// tlsListener returns connections after their handshake, since only then it is
// known whether they speak HTTP/1. Slow handshakes hold up nobody else.
type tlsListener struct {
	net.Listener
	config   *tls.Config
	accepted chan acceptedConn
	closed   context.Context
	close    context.CancelFunc
}

type acceptedConn struct {
	conn net.Conn
	err  error
}

func listenTLS(l net.Listener, config *tls.Config) *tlsListener {
	t := &tlsListener{Listener: l, config: config, accepted: make(chan acceptedConn)}
	t.closed, t.close = context.WithCancel(context.Background())
	go t.run()
	return t
}

// run accepts until the listener is closed. It passes errors on: the caller waits
// after one that passes, such as too many open files.
func (t *tlsListener) run() {
	for {
		conn, err := t.Listener.Accept()
		if err == nil {
			go t.handshake(tls.Server(conn, t.config))
			continue
		}
		t.deliver(acceptedConn{err: err})
		if t.closed.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// handshake delivers the connection. One whose handshake failed goes to net/http as it
// is, which gets the same error again, logs it and answers plain HTTP.
func (t *tlsListener) handshake(conn *tls.Conn) {
	ctx, cancel := context.WithTimeout(t.closed, readHeaderTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil || conn.ConnectionState().NegotiatedProtocol == "h2" {
		t.deliver(acceptedConn{conn: conn})
		return
	}
	t.deliver(acceptedConn{conn: &framingConn{Conn: conn}})
}

// deliver hands over to Accept, or closes the connection if the listener is closed.
func (t *tlsListener) deliver(a acceptedConn) {
	select {
	case t.accepted <- a:
	case <-t.closed.Done():
		if a.conn != nil {
			_ = a.conn.Close() // nobody has been answered yet
		}
	}
}

func (t *tlsListener) Accept() (net.Conn, error) {
	select {
	case a := <-t.accepted:
		return a.conn, a.err
	case <-t.closed.Done():
		return nil, net.ErrClosed
	}
}

// Close also closes connections whose handshake is under way.
func (t *tlsListener) Close() error {
	t.close()
	return t.Listener.Close()
}
