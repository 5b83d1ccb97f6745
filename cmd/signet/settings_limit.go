package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

// throttleSettings are for every command that counts failed logins, or shows them.
type throttleSettings struct{ throttle issuer.Throttle }

func (s *throttleSettings) define(f *pflag.FlagSet) {
	s.throttle = issuer.DefaultThrottle()
	for _, l := range []struct {
		name  string
		limit *issuer.Limit
		help  string
	}{
		{"login-limit", &s.throttle.PerAccountNetwork, "failed logins of one account from one network; `N/TIME`, 0 for no limit"},
		{"login-limit-network", &s.throttle.PerNetwork, "failed logins of all accounts from one network; `N/TIME`, 0 for no limit"},
		{"login-limit-account", &s.throttle.PerAccount, "failed logins of one account from all networks that are new to it; `N/TIME`, 0 for no limit"},
		{"registration-limit", &s.throttle.Registrations, "registrations, and questions whether a name is taken, from one network; `N/TIME`, 0 for no limit"},
		{"registration-limit-client", &s.throttle.RegistrationsByBackend, "the same through one client with a secret that does not name its users' addresses; `N/TIME`, 0 for no limit"},
		{"mail-limit", &s.throttle.MailsPerName, "mails to one user that anybody can ask for, such as for a forgotten password; `N/TIME`, 0 for no limit"},
		{"mail-limit-network", &s.throttle.MailsPerNetwork, "the same to all users, asked for from one network; `N/TIME`, 0 for no limit"},
		{"mail-limit-all", &s.throttle.Mails, "the same to all users, from everywhere; `N/TIME`, 0 for no limit"},
	} {
		f.Var((*limitValue)(l.limit), l.name, l.help)
	}
}

// check finds nothing: every limit that can be read is sound.
func (*throttleSettings) check(*settings) []error { return nil }

// limitValue is a setting such as 10/15m: so many attempts within a time.
type limitValue issuer.Limit

var _ pflag.Value = (*limitValue)(nil)

var errLimit = errors.New("must be a number and a time up to a day, such as 10/15m, or 0 for no limit")

// maxLimitWindow bounds how long an attempt counts: what it locks should not outlast a day.
const maxLimitWindow = 24 * time.Hour

// Set implements [pflag.Value].
func (l *limitValue) Set(text string) error {
	if text == "0" {
		*l = limitValue{}
		return nil
	}
	number, window, found := strings.Cut(text, "/")
	n, err := strconv.ParseInt(number, 10, 32)
	d, windowErr := time.ParseDuration(window)
	if !found || err != nil || windowErr != nil || n <= 0 || d < time.Second || d > maxLimitWindow {
		return errLimit
	}
	*l = limitValue{Attempts: n, Window: d}
	return nil
}

// String implements [pflag.Value].
func (l *limitValue) String() string {
	if l.Attempts == 0 {
		return "0"
	}
	window := l.Window.String()
	if whole, cut := strings.CutSuffix(window, "m0s"); cut {
		window = whole + "m"
	}
	if whole, cut := strings.CutSuffix(window, "h0m"); cut {
		window = whole + "h"
	}
	return strconv.FormatInt(l.Attempts, 10) + "/" + window
}

// Type implements [pflag.Value].
func (*limitValue) Type() string { return "limit" }
