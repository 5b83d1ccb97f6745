package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// catchHangup keeps SIGHUP, which a closed terminal and many service managers send,
// from ending the process. The signals come by the channel.
func catchHangup() (<-chan os.Signal, func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	return signals, func() { signal.Stop(signals) }
}

// reloadOnHangup reads the certificate again at each signal. Settings are not read
// again: they take effect at the next start.
func (v *server) reloadOnHangup(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-signals:
		case <-ctx.Done():
			return
		}
		v.log.Info().Msg("SIGHUP: certificate files are read again, settings are not")
		if v.listeners.certificate == nil {
			continue
		}
		if err := v.reloadCertificate(ctx); err != nil {
			v.log.Warn().Err(err).Msg("could not reload the certificate, the old one is served")
		}
	}
}

// ignoreBrokenPipe keeps SIGPIPE from ending a server whose log nobody reads any more. The
// returned function takes that back.
func ignoreBrokenPipe() (restore func()) {
	signal.Ignore(syscall.SIGPIPE)
	return func() { signal.Reset(syscall.SIGPIPE) }
}
