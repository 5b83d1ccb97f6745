package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.org/signet/verify"
)

// maxTokenInput bounds a token from standard input, in bytes.
const maxTokenInput = 64 << 10

func newToken(p *process) *cobra.Command {
	return commandGroup("token", "Decode and verify tokens", newTokenInspect(p))
}

func newTokenInspect(p *process) *cobra.Command {
	s := newSettings()
	i := inspector{process: p, settings: s}
	c := &cobra.Command{
		Use: "inspect TOKEN", Short: "Decode an access token and verify it offline", Args: exactArgs("TOKEN"),
		Long: "Decode an access token and verify it offline, as an API does: by the keys that --issuer publishes, or those of\n" +
			"a JWKS. The store is not asked, so a revoked session does not show. - reads the token from standard input. The\n" +
			"exit status is 0 only for a token that passes.",
		Example: "  signet token inspect $TOKEN --issuer https://id.example.com --audience https://api.example.com\n" +
			"  echo $TOKEN | signet token inspect - --jwks jwks.json",
	}
	c.Flags().StringVar(&i.jwks, "jwks", "", "take the keys from this `FILE` or URL; the issuer is then checked only if --issuer is given")
	c.Flags().StringArrayVar(&i.audience, "audience", nil, "`URI` that the token must be for; without it any will do")
	s.offer(c.Flags(), &s.configSettings, &s.issuerSettings, &s.outputSettings)
	return p.withSettings(c, s, i.run)
}

// inspector runs token inspect.
type inspector struct {
	*process
	settings *settings
	jwks     string
	audience []string
}

func (i *inspector) run(ctx context.Context, args []string) error {
	token, err := i.token(args[0])
	if err != nil {
		return err
	}
	t, err := decodeToken(token)
	if err != nil {
		return err
	}
	v, err := i.verifier(t)
	if err != nil {
		return err
	}
	_, verifyErr := v.Verify(ctx, token)
	report := inspectResult{Valid: verifyErr == nil, Header: t.header, Claims: t.claims, Checks: i.checks(t, verifyErr)}
	if err := i.printResult(i.settings, report, func(w io.Writer) { report.write(w, t, i.now()) }); err != nil {
		return err
	}
	if errors.Is(verifyErr, verify.ErrKeysUnavailable) {
		return withHint(verifyErr, "nothing is known about the token: check that the issuer can be reached, or give its keys by --jwks")
	}
	return verifyErr
}

func (i *inspector) token(arg string) (string, error) {
	if arg == "-" {
		text, err := readBoundedFrom(i.stdin, "it", maxTokenInput)
		if err != nil {
			return "", fmt.Errorf("read the token from standard input: %w", err)
		}
		arg = string(text)
	}
	arg = strings.TrimSpace(arg)
	if strings.HasPrefix(arg, "sgr_") {
		return "", errors.New("this is a refresh token: only its issuer can read it; inspect the access token that came with it")
	}
	return arg, nil
}

// anyIssuer tells whether the token's own issuer will do.
func (i *inspector) anyIssuer() bool { return i.jwks != "" && !i.settings.isSet("issuer") }

func (i *inspector) verifier(t decodedToken) (*verify.Verifier, error) {
	cfg := verify.Config{
		Issuer: i.settings.issuer, Audience: i.audience, Now: i.now,
		Algorithms: []string{verify.RS256, verify.PS256, verify.ES256, verify.EdDSA},
	}
	if len(cfg.Audience) == 0 {
		cfg.Audience = t.audience()
	}
	if i.anyIssuer() {
		cfg.Issuer, cfg.InsecureAllowHTTP = t.issuer(), true
	}
	switch {
	case strings.HasPrefix(i.jwks, "https://"), strings.HasPrefix(i.jwks, "http://"):
		cfg.JWKSURL = i.jwks
	case i.jwks != "":
		var err error
		if cfg.JWKSURL, cfg.HTTPClient, err = jwksFromFile(i.jwks); err != nil {
			return nil, err
		}
	}
	v, err := verify.New(cfg)
	if err != nil {
		return nil, withHint(err, "check --issuer, --audience and --jwks")
	}
	return v, nil
}

// Verdicts on one check.
const (
	verdictPassed     = "passed"
	verdictFailed     = "failed"
	verdictUnknown    = "unknown"     // the keys were not available
	verdictNotAsked   = "not asked"   // the command line does not say what is right
	verdictNotReached = "not reached" // an earlier check failed
)

// checkResult is the outcome of one check.
type checkResult struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
	Detail  string `json:"detail,omitempty"`
}

// verifyChecks are the checks in the order of package verify, and the errors that
// say that one failed.
var verifyChecks = []struct {
	name string
	errs []error
}{
	{"form", []error{verify.ErrMalformed}},
	{"type", []error{verify.ErrTokenType}},
	{"key", []error{verify.ErrUnknownKey, verify.ErrAlgorithm, verify.ErrKeysUnavailable}},
	{"signature", []error{verify.ErrSignature}},
	{"claims", []error{verify.ErrClaim}},
	{"issuer", []error{verify.ErrIssuer}},
	{"audience", []error{verify.ErrAudience}},
	{"time", []error{verify.ErrExpired, verify.ErrNotYetValid}},
}

// checks tells how far verification got, and where it failed.
func (i *inspector) checks(t decodedToken, verifyErr error) []checkResult {
	var all []checkResult
	failed := false
	for _, step := range verifyChecks {
		c := checkResult{Check: step.name, Verdict: verdictPassed, Detail: t.detail(step.name)}
		switch {
		case failed:
			c = checkResult{Check: step.name, Verdict: verdictNotReached}
		case isAny(verifyErr, step.errs):
			failed, c.Verdict, c.Detail = true, verdictFailed, verifyErr.Error()
			if errors.Is(verifyErr, verify.ErrKeysUnavailable) {
				c.Verdict = verdictUnknown
			}
		case step.name == "issuer" && i.anyIssuer(), step.name == "audience" && len(i.audience) == 0:
			c.Verdict = verdictNotAsked
		}
		all = append(all, c)
	}
	return all
}

func isAny(err error, targets []error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// inspectResult is the output of token inspect.
type inspectResult struct {
	Valid  bool            `json:"valid"`
	Header json.RawMessage `json:"header"`
	Claims json.RawMessage `json:"claims"`
	Checks []checkResult   `json:"checks"`
}

func (n inspectResult) write(w io.Writer, t decodedToken, now time.Time) {
	fmt.Fprintf(w, "header %s\nclaims %s\n", escapeForTerminal(n.Header), escapeForTerminal(n.Claims))
	if expiry := t.timeParam("exp"); !expiry.IsZero() {
		fmt.Fprintf(w, "issued %s, expires %s (in %s)\n", formatTime(t.timeParam("iat")), formatTime(expiry), expiry.Sub(now).Round(time.Second))
	}
	rows := make([][]string, len(n.Checks))
	for k, c := range n.Checks {
		rows[k] = []string{c.Check, c.Verdict, c.Detail}
	}
	writeTable(w, []string{"CHECK", "VERDICT", ""}, rows)
	if n.Valid {
		fmt.Fprintln(w, "the token is valid")
		if slices.ContainsFunc(n.Checks, func(c checkResult) bool { return c.Check == "audience" && c.Verdict == verdictNotAsked }) {
			fmt.Fprintln(w, "--audience URI checks that it is for your API, too")
		}
	}
}
