package endpoints

import (
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"
)

// Bounds of a connection: for reading a header and a request, and for writing a response,
// of which the slowest takes DefaultLoginTimeout to compute.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 25 * time.Second
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 32 << 10
	maxStreams        = 100 // concurrent requests of one HTTP/2 connection
)

// DefaultMaxConnections is for LimitConnections.
const DefaultMaxConnections = 10000

// NewServer returns a server with every bound set that net/http leaves open.
// Its own messages, such as failed TLS handshakes, go to the logger.
func NewServer(h http.Handler, logger zerolog.Logger) *http.Server {
	return &http.Server{
		Handler:                      h,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(serverLog{logger}, "", 0),
	}
}

// LimitConnections lets at most n connections be open at a time; others wait in
// the operating system's queue. n below 1 stands for DefaultMaxConnections.
func LimitConnections(l net.Listener, n int) net.Listener {
	if n < 1 {
		n = DefaultMaxConnections
	}
	return netutil.LimitListener(l, n)
}

// serverLog takes net/http's own lines into the log, bounded.
type serverLog struct{ log zerolog.Logger }

func (s serverLog) Write(line []byte) (int, error) {
	s.log.Warn().Str("cause", truncate(strings.TrimSpace(string(line)), maxLoggedText)).Msg("http server")
	return len(line), nil
}
