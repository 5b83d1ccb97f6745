package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/internal/bench"
)

func newBench(p *process) *cobra.Command {
	s := newSettings()
	b := &benchCommand{process: p, settings: s}
	c := &cobra.Command{
		Use: "bench", Short: "Measure what requests cost, on a server of its own or on one that runs", Args: exactArgs(),
		Long: "Measure what requests cost. The unit is S: the processor time of the server for one request, divided by that of\n" +
			"one RSA-2048 signature, which is measured in between. Machines differ, and one machine differs from minute to\n" +
			"minute; the ratio holds.\n\n" +
			"Without --issuer it starts a server of its own on loopback, with a temporary store, measures every workload, and\n" +
			"removes both. With --issuer it measures a server that runs: it logs in, makes sessions and ends them afterwards.\n" +
			"What it did stays in that issuer's audit log. S is known only where --metrics names the metrics of that server.\n\n" +
			"Workloads:\n" + describeWorkloads(),
		Example: "  signet bench\n" +
			"  signet bench --workloads refresh,introspection --signing-alg ES256 --output json\n" +
			"  signet bench --growth --sizes 1000,10000,100000,1000000\n" +
			"  signet bench --issuer http://localhost:8080 --metrics http://127.0.0.1:9090/metrics --make-accounts\n" +
			"  signet bench --issuer http://localhost:8080 --credentials signet-data/demo.json",
	}
	b.addFlags(c.Flags())
	s.offer(c.Flags(), &s.keySettings, &s.hashSettings, &s.outputSettings, &s.configSettings, &s.storeSettings)
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error { return b.run(ctx) })
}

// describeWorkloads lists the workloads for the help.
func describeWorkloads() string {
	var text strings.Builder
	var rows [][]string
	for _, w := range bench.Describe() {
		rows = append(rows, []string{"  " + w[0], w[1]})
	}
	writeRows(&text, rows)
	return strings.TrimSuffix(text.String(), "\n")
}

// benchCommand runs bench.
type benchCommand struct {
	*process
	settings     *settings
	target       benchTarget
	workloads    []string
	connections  int
	requests     int
	duration     time.Duration
	growth       bool
	sizes        []int
	dir          string
	credentials  string
	makeAccounts bool
}

// benchTarget is the server that is measured. It is named on the command line alone: the
// environment of a server names the one that serves people.
type benchTarget struct {
	issuer      string // "" for a server of its own
	metrics     string
	allowRemote bool
}

// commandOnly marks a flag that the environment and the file do not set, although a setting
// has the same name.
const commandOnly = "command-only"

func (b *benchCommand) addFlags(f *pflag.FlagSet) {
	f.StringVar(&b.target.issuer, "issuer", "", "`URL` of the running issuer to measure (default a server of its own)")
	_ = f.SetAnnotation("issuer", commandOnly, nil) // the flag exists
	f.StringVar(&b.target.metrics, "metrics", "", "`URL` of the metrics of that server, without which S is unknown: http://127.0.0.1:9090/metrics")
	f.StringVar(&b.credentials, "credentials", "", "`FILE` in JSON with client_id, client_secret, username and password, and for sign-in in a browser redirect_uri; - reads standard input")
	f.BoolVar(&b.makeAccounts, "make-accounts", false, "make a client and users for the run in the store that --storage names, and delete them afterwards")
	f.BoolVar(&b.target.allowRemote, "allow-remote", false, "measure an issuer that is not on this machine's loopback: its users will notice")
	f.StringSliceVar(&b.workloads, "workloads", nil, "`NAMES` of the workloads, separated by commas (default all)")
	f.IntVar(&b.connections, "connections", bench.DefaultConnections, fmt.Sprintf("`NUMBER` of connections, each with one request at a time; at most %d", bench.MaxConnections))
	f.IntVar(&b.requests, "requests", bench.DefaultRequests, fmt.Sprintf("at most `NUMBER` requests of a workload are measured; at most %d", bench.MaxRequests))
	f.DurationVar(&b.duration, "duration", bench.DefaultDuration, fmt.Sprintf("how long a workload is measured at most; at most %s", bench.MaxDuration))
	f.BoolVar(&b.growth, "growth", false, "fill a temporary store and measure it at each of --sizes: does a request cost more when there is more?")
	f.IntSliceVar(&b.sizes, "sizes", defaultGrowth, fmt.Sprintf("`NUMBERS` of users, and of as many sessions, for --growth, ascending; at most %d, which takes 2.5 GB and long", maxGrowth))
	f.StringVar(&b.dir, "dir", "", "`FOLDER` for the temporary store (default the system's); the disk below it counts")
}

// config is the run, but for the server and the accounts.
func (b *benchCommand) config() bench.Config {
	return bench.Config{Workloads: b.workloads, Connections: b.connections, Requests: b.requests, Duration: b.duration}
}

func (b *benchCommand) run(ctx context.Context) error {
	cfg := b.config()
	if err := cfg.Check(); err != nil {
		return usageErrorf("%s", err)
	}
	if err := b.checkTarget(); err != nil {
		return err
	}
	if err := b.checkGrowth(); err != nil {
		return err
	}
	ctx, stop := untilSignal(ctx)
	defer stop()
	if b.growth {
		return b.runGrowth(ctx)
	}
	load := loadAverage()
	var report bench.Report
	var err error
	switch {
	case b.target.issuer == "":
		report, err = b.measureOwn(ctx, cfg)
	case b.makeAccounts:
		report, err = b.measureWithAccounts(ctx, cfg)
	default:
		report, err = b.measureWithCredentials(ctx, cfg)
	}
	if len(report.Results) > 0 {
		out := newBenchOutput(report, load)
		err = errors.Join(b.printResult(b.settings, out, out.write), err)
	}
	return explainBench(report, err)
}

// checkTarget refuses what would surprise somebody.
func (b *benchCommand) checkTarget() error {
	issuer := b.target.issuer
	switch {
	case issuer == "" && (b.credentials != "" || b.makeAccounts || b.target.metrics != ""):
		return usageErrorf("--credentials, --make-accounts and --metrics are for a server that runs: name it by --issuer")
	case issuer == "":
		return nil
	case b.credentials != "" && b.makeAccounts:
		return usageErrorf("--credentials and --make-accounts: give one of the two")
	case !strings.HasPrefix(issuer, "http://") && !strings.HasPrefix(issuer, "https://"):
		return usageErrorf("--issuer: must be a URL such as http://localhost:8080")
	case !bench.IsLoopback(issuer) && !b.target.allowRemote:
		return usageErrorf("--issuer: %s is not on this machine's loopback: its users would notice, and it is measured through the network; --allow-remote says that you mean it", issuer)
	case !bench.IsLoopback(issuer) && !strings.HasPrefix(issuer, "https://"):
		return usageErrorf("--issuer: must be https, for passwords are sent over a network")
	}
	return nil
}

// explainBench adds to an error what an operator can do about it.
func explainBench(r bench.Report, err error) error {
	var status *bench.StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch status.Status {
	case http.StatusTooManyRequests:
		return withHint(err, "its limit on attempts is reached (--login-limit, --login-limit-network of signet serve): check the password, wait as long as the limit says, or raise it")
	case http.StatusServiceUnavailable:
		if r.BusyPart == "login" {
			return withHint(err, "more logins wait for a password hash than it allows: lower --connections, or raise --hash-workers or --hash-queue of signet serve")
		}
		return withHint(err, "it is overloaded, or its store cannot be reached: lower --connections and look at its log")
	case http.StatusUnauthorized, http.StatusBadRequest:
		return withHint(err, "check the client and the user: signet bench --help says what they need")
	}
	return err
}
