package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestWithPort(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	for issuer, want := range map[string]string{
		"http://localhost:0":     "http://localhost:4711",
		"http://[::1]:0/tenant":  "http://[::1]:4711/tenant",
		"http://localhost:8080":  "http://localhost:8080",
		"https://id.example.com": "https://id.example.com",
	} {
		if got := withPort(issuer, at); got != want {
			t.Errorf("%s became %s, want %s", issuer, got, want)
		}
	}
}

// Every setting has one name in three spellings, and no secret is one.
func TestEverySettingIsResolved(t *testing.T) {
	newSettings().all.VisitAll(func(f *pflag.Flag) {
		s := newSettings()
		env := map[string]string{envName(f.Name): f.DefValue}
		if f.Value.Type() == "stringSlice" {
			env[envName(f.Name)] = "10.0.0.0/8"
		}
		if f.Name == "config" {
			return
		}
		flags := pflag.NewFlagSet("a command's", pflag.ContinueOnError)
		s.offer(flags, &s.configSettings)
		if err := s.resolve(flags, env); err != nil {
			t.Errorf("%s from the environment: %v", f.Name, err)
		}
		if s.origin[f.Name] != envName(f.Name) {
			t.Errorf("%s has come from %q", f.Name, s.origin[f.Name])
		}
		names := strings.HasSuffix(f.Name, "-file") // where a secret is, not the secret
		if !names && (strings.Contains(f.Name, "password") && f.Name != "password-hash" || strings.Contains(f.Name, "secret")) {
			t.Errorf("%s sounds like a secret", f.Name)
		}
	})
}

// A command that has nothing to do with a setting does not stop at it.
func TestSettings_CommandIgnoresUnrelated(t *testing.T) {
	t.Setenv("SIGNET_RSA_BITS", "many")
	t.Setenv("SIGNET_CONFIG", "nowhere.yaml")
	if _, complaint, status := runWithEnv(t, "version"); status != exitOK {
		t.Errorf("version: status %d: %s", status, complaint)
	}
	t.Setenv("SIGNET_OUTPUT", "json")
	if stdout, _, _ := runWithEnv(t, "version"); !strings.HasPrefix(stdout, "{") {
		t.Errorf("its own setting is not taken: %s", stdout)
	}
	t.Setenv("SIGNET_CONFIG", "")
	if _, complaint, status := runWithEnv(t, "user", "list"); status != exitUsage || !strings.Contains(complaint, "SIGNET_RSA_BITS") {
		t.Errorf("user list: status %d: %s", status, complaint)
	}
}

func TestProxies(t *testing.T) {
	s := newSettings()
	s.trustedProxies = []string{"10.1.2.3/8", "192.0.2.1", "2001:db8::/32", "::1"}
	got, err := s.proxies()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, p := range got {
		texts = append(texts, p.String())
	}
	if want := []string{"10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "::1/128"}; !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
}

func TestUnknownVariables(t *testing.T) {
	got := unknownVariables(map[string]string{
		"SIGNET_LISTEN": "", "SIGNET_MASTER_KEY": "", "SIGNET_ISSUR": "", "SIGNET_SERVICE_PORT": "", "SIGNET_PORT": "",
		"SIGNET_TEST_SLOW": "", "HOME": "", "SIGNET_A": "", "SIGNET_LISTEN_PORT": "",
		"SIGNET_DB_SERVICE_HOST": "", "SIGNET_DB_SERVICE_PORT_MONGO": "", "SIGNET_DB_PORT_27017_TCP_ADDR": "",
	})
	if want := []string{"SIGNET_A", "SIGNET_ISSUR", "SIGNET_LISTEN_PORT"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSuggestVariable(t *testing.T) {
	for variable, want := range map[string]string{
		"SIGNET_ISSUR": "SIGNET_ISSUER", "SIGNET_STORGE": "SIGNET_STORAGE", "SIGNET_MASTERKEY": "SIGNET_MASTER_KEY", "SIGNET_listen": "SIGNET_LISTEN",
		"SIGNET_PREVIOUS_MASTER_KEYS": "SIGNET_PREVIOUS_MASTER_KEY", "SIGNET_A": "", "SIGNET_DATABASE": "",
	} {
		if got := suggestVariable(variable); got != want {
			t.Errorf("%s: got %q, want %q", variable, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"kitten", "sitting", 3}, {"issur", "issuer", 1}, {"flaw", "lawn", 2}, {"listen", "listen", 0}} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	env := environment([]string{"A=1", "B=x=y", "A=2", "C=", "nonsense"})
	if len(env) != 3 || env["A"] != "2" || env["B"] != "x=y" {
		t.Errorf("got %q", env)
	}
	if _, there := env["C"]; !there {
		t.Error("a variable that is set to nothing counts as not set")
	}
}
