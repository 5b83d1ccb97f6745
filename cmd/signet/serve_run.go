package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"example.org/signet/endpoints"
)

// Why a server stops.
var (
	errInterrupted = errors.New("interrupted") // by a person, who does not want to wait
	errTerminated  = errors.New("terminated")  // by a supervisor, behind which a load balancer may stand
)

// untilSignal ends the context at the first SIGINT or SIGTERM, with the cause
// of those above. A second signal ends the process at once.
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var cause error
		select {
		case s := <-signals:
			cause = errTerminated
			if s == os.Interrupt {
				cause = errInterrupted
			}
		case <-ctx.Done():
		}
		signal.Stop(signals) // before anybody learns of the first one
		cancel(cause)
	}()
	return ctx, func() { cancel(nil) }
}

// ignoreSignal returns nil for an error that a signal caused before the server
// was ready.
func (v *server) ignoreSignal(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && (errors.Is(cause, errInterrupted) || errors.Is(cause, errTerminated)) {
		v.log.Info().Str("cause", cause.Error()).Msg("stopped before it was ready")
		return nil
	}
	return err
}

// adjustProcess sets up the log, the signals and the runtime of a server's process. The
// returned function undoes it.
func (v *server) adjustProcess(ctx context.Context) (restore func()) {
	context.AfterFunc(ctx, v.logs.writeAtOnce) // a second signal ends the process at once
	restorePipe, restoreRuntime := ignoreBrokenPipe(), v.tuneRuntime()
	return func() { restoreRuntime(); restorePipe() }
}

// run answers requests until ctx ends, then drains. hangups brings each SIGHUP.
func (v *server) run(ctx context.Context, hangups <-chan os.Signal) error {
	defer v.addProcessor()()
	v.logs.flush() // what is said at the start is there before the server answers
	defer v.startBackground(hangups)()
	failed := make(chan error, 4)
	public := v.newHTTPServer(v.handler)
	servers := httpServers{public}
	go func() { failed <- serveOn(public, v.listeners.limitConnections(v.listeners.public)) }()
	if v.listeners.admin != nil {
		adminServer := v.newHTTPServer(v.handler.Admin())
		servers = append(servers, adminServer)
		go func() { failed <- serveOn(adminServer, v.listeners.limitConnections(v.listeners.admin)) }()
	}
	if v.listeners.metrics != nil {
		metricsServer := endpoints.NewServer(v.metrics.Handler(v.settings.pprof), v.log)
		metricsServer.WriteTimeout = 2 * time.Minute // a CPU profile takes half a minute
		defer metricsServer.Close()
		go func() { failed <- serveOn(metricsServer, v.listeners.metrics) }()
	}
	if v.listeners.app != nil {
		appServer, err := v.demoAppServer()
		if err != nil {
			return errors.Join(err, servers.close())
		}
		defer appServer.Close()
		go func() { failed <- serveOn(appServer, v.listeners.app) }()
	}
	removeAddrFile, err := v.writeAddrFile()
	if err != nil {
		return errors.Join(err, servers.close())
	}
	defer removeAddrFile()
	select {
	case err := <-failed:
		return errors.Join(err, servers.close())
	case <-ctx.Done():
		removeAddrFile()
		return v.drain(servers, context.Cause(ctx))
	}
}

// httpServers are shut down together.
type httpServers []*http.Server

// shutdown lets what is in flight everywhere finish.
func (s httpServers) shutdown(ctx context.Context) error {
	errs := make([]error, len(s))
	var all sync.WaitGroup
	for n, srv := range s {
		all.Go(func() { errs[n] = srv.Shutdown(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s httpServers) close() error {
	var errs []error
	for _, srv := range s {
		errs = append(errs, srv.Close())
	}
	return errors.Join(errs...)
}

func serveOn(srv *http.Server, l net.Listener) error {
	var err error
	if srv.TLSConfig != nil {
		err = endpoints.ServeTLS(srv, l)
	} else {
		err = srv.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", l.Addr(), err)
}

// writeAddrFile writes --addr-file, and returns a function that removes it.
func (v *server) writeAddrFile() (remove func(), err error) {
	path := v.settings.addrFile
	if path == "" {
		return func() {}, nil
	}
	if err := replaceFile(path, []byte(v.listeners.publicURL()+"\n")); err != nil {
		return nil, fmt.Errorf("--addr-file: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil // gone already is fine
}

// drain stops without failing a request: /readyz fails so that a load balancer
// stops sending, then no connection is accepted, then requests in flight finish.
func (v *server) drain(servers httpServers, cause error) error {
	v.log.Info().Str("cause", cause.Error()).Msg("draining")
	v.handler.Drain()
	if !errors.Is(cause, errInterrupted) {
		time.Sleep(v.settings.drainDelay)
	}
	drainCtx, cancel := context.WithTimeout(context.Background(), v.settings.drainTimeout)
	defer cancel()
	if err := servers.shutdown(drainCtx); err != nil {
		return errors.Join(fmt.Errorf("drain: requests were still running after --drain-timeout %s and were cut off", v.settings.drainTimeout), servers.close())
	}
	v.log.Info().Msg("stopped")
	return nil
}
