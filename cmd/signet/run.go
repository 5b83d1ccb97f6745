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

// stoppedEarly takes for no failure what a signal has cut short before the
// server was ready.
func (v *server) stoppedEarly(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && (errors.Is(cause, errInterrupted) || errors.Is(cause, errTerminated)) {
		v.log.Info().Str("cause", cause.Error()).Msg("stopped before it was ready")
		return nil
	}
	return err
}

// run answers requests until ctx ends, then drains.
func (v *server) run(ctx context.Context) error {
	defer v.startLoops()()
	failed := make(chan error, 3)
	public := v.newHTTP(v.handler)
	webs := servers{public}
	go func() { failed <- serveOn(public, v.doors.open(v.doors.public)) }()
	if v.doors.admin != nil {
		admins := v.newHTTP(v.handler.Admin())
		webs = append(webs, admins)
		go func() { failed <- serveOn(admins, v.doors.open(v.doors.admin)) }()
	}
	if v.doors.metrics != nil {
		operators := endpoints.NewServer(v.metrics.Handler(), v.log)
		operators.WriteTimeout = 2 * time.Minute // a CPU profile takes half a minute
		defer operators.Close()
		go func() { failed <- serveOn(operators, v.doors.metrics) }()
	}
	withdraw, err := v.publishAddress()
	if err != nil {
		return errors.Join(err, webs.close())
	}
	defer withdraw()
	select {
	case err := <-failed:
		return errors.Join(err, webs.close())
	case <-ctx.Done():
		withdraw()
		return v.drain(webs, context.Cause(ctx))
	}
}

// servers are those that end together.
type servers []*http.Server

// shutdown lets what is in flight everywhere finish.
func (s servers) shutdown(ctx context.Context) error {
	faults := make([]error, len(s))
	var all sync.WaitGroup
	for n, web := range s {
		all.Go(func() { faults[n] = web.Shutdown(ctx) })
	}
	all.Wait()
	return errors.Join(faults...)
}

func (s servers) close() error {
	var faults []error
	for _, web := range s {
		faults = append(faults, web.Close())
	}
	return errors.Join(faults...)
}

func serveOn(web *http.Server, l net.Listener) error {
	var err error
	if web.TLSConfig != nil {
		err = web.ServeTLS(l, "", "")
	} else {
		err = web.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve on %s: %w", l.Addr(), err)
}

// publishAddress writes --addr-file, and returns what takes it away again.
func (v *server) publishAddress() (withdraw func(), err error) {
	path := v.settings.addrFile
	if path == "" {
		return func() {}, nil
	}
	if err := replaceWhole(path, []byte(v.doors.url()+"\n")); err != nil {
		return nil, fmt.Errorf("--addr-file: %w", err)
	}
	return func() { _ = os.Remove(path) }, nil // gone already is fine
}

// drain stops without failing a request: whoever balances load sees /readyz
// say no and turns away, then nothing new is accepted, then what is in flight
// finishes.
func (v *server) drain(webs servers, cause error) error {
	v.log.Info().Str("cause", cause.Error()).Msg("draining")
	v.handler.Drain()
	if !errors.Is(cause, errInterrupted) {
		time.Sleep(v.settings.drainDelay)
	}
	limit, cancel := context.WithTimeout(context.Background(), v.settings.drainTimeout)
	defer cancel()
	if err := webs.shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("drain: requests were still running after --drain-timeout %s and were cut off", v.settings.drainTimeout), webs.close())
	}
	v.log.Info().Msg("stopped")
	return nil
}
