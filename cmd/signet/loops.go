package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	sweepEvery       = 5 * time.Minute
	witnessEvery     = time.Minute
	sweepPatience    = time.Minute
	certificateEvery = 10 * time.Second
	farewell         = 5 * time.Second // for what is still to be written at the end
)

// startLoops starts what a server does on its own. The function that it
// returns ends that, and has the last key events written down.
func (v *server) startLoops() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { v.keyring.Run(ctx) })
	running.Go(func() { v.journal.run(ctx) })
	running.Go(func() { v.repeat(ctx, v.settings.keyringRefresh, "refresh the discovery document", v.handler.Refresh) })
	running.Go(func() { v.repeat(ctx, witnessEvery, "read what other instances audited", v.issuer.WitnessAudit) })
	running.Go(func() { v.repeat(ctx, v.settings.statusEvery(), "refresh the status lists", v.issuer.RefreshStatus) })
	running.Go(func() { v.repeat(ctx, sweepEvery, "sweep expired records", v.sweep) })
	if c := v.doors.certificate; c != nil {
		running.Go(func() { v.repeat(ctx, certificateEvery, "read the certificate anew", v.renewCertificate) })
	}
	return func() {
		cancel()
		running.Wait()
		last, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		v.journal.flush(last)
	}
}

// repeat does something every so often, a tenth of the time sooner or later so
// that instances do not act together. Of a row of failures the first is logged.
func (v *server) repeat(ctx context.Context, every time.Duration, what string, do func(context.Context) error) {
	failing := false
	for {
		jitter := time.Duration((rand.Float64() - 0.5) * 0.2 * float64(every))
		select {
		case <-time.After(every + jitter):
		case <-ctx.Done():
			return
		}
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			v.log.Warn().Err(err).Msg("could not " + what + ", will try again")
		case err == nil && failing:
			v.log.Info().Msg("could " + what + " again")
		}
		failing = err != nil
	}
}

func (v *server) sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sweepPatience)
	defer cancel()
	gone, err := v.issuer.Sweep(ctx)
	if gone > 0 {
		v.log.Debug().Int64("records", gone).Msg("swept expired records")
	}
	return err
}

func (v *server) renewCertificate(context.Context) error {
	renewed, err := v.doors.certificate.reload()
	if renewed {
		v.log.Info().Str("tls-cert", v.settings.tlsCert).Msg("took over a new certificate")
	}
	return err
}

// unknownVariables are those that look like settings and are none, but for
// what Kubernetes sets for a service of that name.
func unknownVariables(env map[string]string) []string {
	var unknown []string
	for name := range env {
		rest, ours := strings.CutPrefix(name, envPrefix)
		flag := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		service := strings.HasPrefix(rest, "SERVICE_") || rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "TEST_")
		if ours && !service && name != envMasterKey && !isOtherKey(name) && settingNames.Lookup(flag) == nil {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}
