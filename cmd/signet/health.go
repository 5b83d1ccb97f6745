package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout bounds one request to /readyz, which itself answers within a
// fraction of it.
const healthTimeout = 2 * time.Second

// maxAddrFile bounds the file of --addr-file, in bytes.
const maxAddrFile = 1 << 10

// newHealth is for container images that hold nothing but this binary. It offers every
// flag of serve, so that the same settings reach both.
func newHealth(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "health", Short: "Ask the server on this machine whether it is ready", Args: exactArgs(),
		Long: "Ask the server on this machine, at --listen, whether it is ready. The exit status says it: 0 for yes, 1 for\n" +
			"no. It takes the flags, the environment and the file that signet serve takes, and looks at --listen, --addr-file\n" +
			"and --tls-cert only. It trusts any certificate, since it asks its own machine and sends nothing.",
		Example: "  signet health --listen 0.0.0.0:8080\n  signet health --config signet.yaml",
	}
	s.offerServer(c.Flags())
	s.checks = []check{s.listenSettings.check} // the rest is for serve to judge
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error {
		url, err := readyURL(s)
		if err != nil {
			return err
		}
		return checkReady(ctx, url, p.stdout)
	})
}

// readyURL is /readyz at --listen; for a wildcard address the
// loopback interface is used. The port that was taken for port 0 is read from --addr-file.
func readyURL(s *settings) (string, error) {
	host, port, err := net.SplitHostPort(s.listen)
	if err != nil {
		return "", fmt.Errorf("--listen: %w", err)
	}
	if port == "0" {
		if s.addrFile == "" {
			return "", usageErrorf("--listen: port 0 stands for any: say by --addr-file where the server wrote its address")
		}
		base, err := readBounded(s.addrFile, maxAddrFile)
		if err != nil {
			return "", fmt.Errorf("nothing answers: --addr-file: %w", err)
		}
		return strings.TrimSpace(string(base)) + "/readyz", nil
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if s.tlsCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz", nil
}

func checkReady(ctx context.Context, url string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	own := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	res, err := (&http.Client{Transport: own}).Do(r)
	if err != nil {
		return fmt.Errorf("nothing answers: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	_, err = fmt.Fprintln(out, "ready")
	return err
}
