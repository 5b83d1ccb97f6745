package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Whatever a package refuses in its configuration is named by the flag, and says where
// the value came from, without a text being read.
func TestFaults_NameTheSetting(t *testing.T) {
	bad := map[string]string{
		"issuer": "ftp://id.example.com", "access-token-ttl": "-1s", "refresh-token-ttl": "0s", "session-ttl": "0s", "refresh-grace": "1h", "max-sessions": "-1",
		"status-ttl": "2h", "browser-session-idle": "-1s", "browser-session-ttl": "-1h", "remembered-session-idle": "0s", "remembered-session-ttl": "-1s", "remember-me": "perhaps", "enrol-within": "-1s",
		"registration": "friends", "audit-retention": "1m", "keyring-refresh": "-1s",
		"signing-alg": "none", "publish-ahead": "-5s", "rotation-interval": "-1s", "jwks-max-age": "-1s", "clock-skew": "-1s",
		"password-hash": "md5", "hash-workers": "99999", "hash-queue": "99999", "argon2-memory": "1", "argon2-time": "0", "bcrypt-cost": "99",
		"log-level": "loud", "log-format": "xml", "drain-delay": "-1s", "drain-timeout": "0s", "listen": "nowhere", "output": "yaml",
	}
	s := newSettings()
	s.checks = []check{s.issuerSettings.check, s.listenSettings.check, s.tokenSettings.check, s.browserSettings.check, s.keySettings.check, s.hashSettings.check, s.operationSettings.check, s.outputSettings.check}
	env := map[string]string{}
	for name, value := range bad {
		env[envName(name)] = value
	}
	flags := newSettings().all // a command that offers everything
	var errs settingErrors
	if err := s.resolve(flags, env); !errors.As(err, &errs) {
		t.Fatalf("got %v", err)
	}
	named := map[string]int{}
	for _, err := range errs {
		var one *settingError
		if !errors.As(err, &one) || s.all.Lookup(one.fault.Field) == nil {
			t.Errorf("%v is of no setting", err)
			continue
		}
		named[one.fault.Field]++
		if want := "(from " + envName(one.fault.Field) + ")"; bad[one.fault.Field] != "" && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v does not end in %s", err, want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if named[name] == 0 {
			t.Errorf("--%s is not refused", name)
		}
	}
}

// Two parts that refuse a value for the same reason say so once.
func TestCheck_SameFaultOnce(t *testing.T) {
	s := newSettings()
	s.checks = []check{s.issuerSettings.check, s.tokenSettings.check}
	s.issuer = "http://id.example.com"
	if errs := s.check(); len(errs) != 1 {
		t.Errorf("got %v", errs)
	}
}
