package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.org/signet/internal/bench"
)

const (
	benchStartTimeout = time.Minute
	benchStopTimeout  = 20 * time.Second
)

// benchServer is a server of its own, in a process of its own.
type benchServer struct {
	cmd     *exec.Cmd
	exited  chan error
	issuer  string
	metrics string
	started time.Duration // from its start to the first answer
}

// measureOwn measures a server of its own, with a temporary store.
func (b *benchCommand) measureOwn(ctx context.Context, cfg bench.Config) (report bench.Report, err error) {
	dir, remove, err := b.temporaryDir()
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if cfg.Account, err = b.temporaryAccount(ctx, dir); err != nil {
		return report, err
	}
	v, err := b.startServer(ctx, dir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, v.stop()) }()
	cfg.Issuer, cfg.MetricsURL, cfg.KeepRecords = v.issuer, v.metrics, true
	return b.measure(ctx, cfg)
}

// measure runs the workloads and shows how far they have come.
func (b *benchCommand) measure(ctx context.Context, cfg bench.Config) (bench.Report, error) {
	draw, finish := b.benchProgress()
	defer finish()
	cfg.OnProgress = draw
	return bench.Run(ctx, cfg)
}

// storeFile is the temporary store.
func storeFile(dir string) string { return filepath.Join(dir, "signet.db") }

// serverArgs are the arguments of the server: those of the operator for keys and hashes, and
// nothing of the environment.
func (b *benchCommand) serverArgs(dir, metrics string) []string {
	args := []string{
		"serve", "--issuer", "http://127.0.0.1:0", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--metrics-listen", metrics,
		"--storage", sqliteScheme + storeFile(dir), "--addr-file", filepath.Join(dir, "addr"), "--drain-delay", "0s", "--log-format", "json",
	}
	own := newSettings()
	for _, g := range []settingGroup{&own.keySettings, &own.hashSettings} {
		for _, name := range settingNames(g) {
			if b.settings.isSet(name) {
				args = append(args, flagName(name), b.settings.all.Lookup(name).Value.String())
			}
		}
	}
	return args
}

// startServer starts a server on the store in dir and waits until it answers. Its log goes
// to a file there, as that of a real one goes somewhere.
func (b *benchCommand) startServer(ctx context.Context, dir string) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	metrics, err := freeLoopback()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	v := &benchServer{cmd: exec.Command(self, b.serverArgs(dir, metrics)...), exited: make(chan error, 1), metrics: "http://" + metrics + "/metrics"}
	v.cmd.Dir, v.cmd.Stderr, v.cmd.Env = dir, log, withoutSettings(os.Environ())
	begin := time.Now()
	if err := v.start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	if v.issuer, err = v.await(ctx, filepath.Join(dir, "addr")); err != nil {
		return nil, errors.Join(fmt.Errorf("start a server: %w: %s", err, lastLine(log.Name())), v.stop())
	}
	v.started = time.Since(begin)
	return v, nil
}

// await waits until the server has written its address.
func (v *benchServer) await(ctx context.Context, addrFile string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, benchStartTimeout)
	defer cancel()
	for {
		if text, err := os.ReadFile(addrFile); err == nil && len(text) > 0 {
			return strings.TrimSpace(string(text)), nil
		}
		select {
		case err := <-v.exited:
			v.exited <- err
			return "", errors.Join(errors.New("it ended"), err)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}

// stop ends the server and waits for its end.
func (v *benchServer) stop() error {
	select {
	case err := <-v.exited:
		v.exited <- err
		return err
	default:
	}
	if err := v.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		_ = v.cmd.Process.Kill() // where there are no signals
	}
	select {
	case err := <-v.exited:
		return err
	case <-time.After(benchStopTimeout):
		return errors.Join(errors.New("the server did not end and was killed"), v.cmd.Process.Kill())
	}
}

// withoutSettings is an environment without the variables of signet's settings.
func withoutSettings(env []string) []string {
	var rest []string
	for _, pair := range env {
		if !strings.HasPrefix(pair, envPrefix) {
			rest = append(rest, pair)
		}
	}
	return rest
}

// freeLoopback returns an address of this machine's loopback where nobody listens now.
func freeLoopback() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// lastLine is the last line of a file, shortened.
func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return fmt.Sprintf("%.300s", lines[len(lines)-1])
}
