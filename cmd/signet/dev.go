package main

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newDev(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "dev", Short: "Run an issuer to try, with a demo user and the lines to paste", Args: names(),
		Long: "Run an issuer to try. On its first start it makes a store in signet-data/, a demo user, a demo client and a\n" +
			"demo API, all with secrets drawn at random, and every time it prints lines to paste into another terminal:\n" +
			"log in, verify offline, refresh, introspect, rotate the keys, revoke. For anything real run signet serve.",
		Example: "  signet dev\n  signet dev --listen 127.0.0.1:9000",
	}
	s.addServing(c)
	s.docsClient = demoDocs
	for name, value := range map[string]string{
		"issuer": "http://localhost:0", "admin-listen": "", "metrics-listen": "", "keyring-refresh": "1s", "drain-delay": "0s",
	} {
		preset(c, name, value)
	}
	return p.does(c, s, func(ctx context.Context, _ []string) error {
		if s.isMongo() {
			return usage("--storage: dev makes demo accounts, so it runs on its own embedded store: use signet serve with MongoDB")
		}
		if !s.chosen("admin-listen") {
			s.adminListen = s.listen // one address to try everything at
		}
		return p.serve(ctx, s, showRound)
	})
}

// preset gives a setting another default in one command.
func preset(c *cobra.Command, name, value string) {
	f := c.Flags().Lookup(name)
	if err := f.Value.Set(value); err != nil {
		panic("preset " + name + ": " + err.Error()) // a mistake in the program
	}
	f.DefValue = value
}

//go:embed dev.txt
var devText string

// showRound makes the demo accounts and prints the whole round.
func showRound(ctx context.Context, v *server) error {
	d, err := v.ensureDemo(ctx)
	if err != nil {
		return err
	}
	if err := v.handler.Refresh(ctx); err != nil { // the password grant is in use now
		return err
	}
	folder, err := os.Getwd()
	if err != nil {
		return err
	}
	_, err = v.devLines(d, folder).WriteString(v.stdout, devText)
	return err
}

// devLines fills in the printed text. No template engine: one would keep the
// linker from leaving out what is not called, a fifth of the binary.
func (v *server) devLines(d demo, folder string) *strings.Replacer {
	s := v.settings
	return strings.NewReplacer(
		"{issuer}", s.issuer, "{folder}", shellWord(folder), "{file}", s.demoPath(), "{audience}", demoAudience,
		"{signet}", invocation(folder), "{store}", s.storeFlags(),
		"{username}", d.Username, "{password}", d.Password, "{client}", d.ClientID, "{client-secret}", d.ClientSecret,
		"{api}", d.APIID, "{api-secret}", d.APISecret,
	)
}

// storeFlags are the flags by which other commands find the same store.
func (s *settings) storeFlags() string {
	var flags string
	for name, value := range map[string]string{"storage": s.storage, "master-key-file": s.masterKeyFile} {
		if s.chosen(name) {
			flags += " --" + name + " " + shellWord(value)
		}
	}
	return flags
}

// invocation is how a person in that folder calls this very program again.
func invocation(folder string) string {
	self, err := os.Executable()
	if err != nil {
		return "signet"
	}
	if _, err := os.Stat(filepath.Join(folder, "cmd", "signet", "main.go")); err == nil && builtByGoRun(self) {
		return "go run ./cmd/signet"
	}
	if installed, err := exec.LookPath("signet"); err == nil && sameFile(installed, self) {
		return "signet"
	}
	if near, err := filepath.Rel(folder, self); err == nil && !strings.HasPrefix(near, "..") {
		return shellWord("./" + near)
	}
	return shellWord(self)
}

// builtByGoRun tells whether the program lies in go run's temporary folder or
// in its cache.
func builtByGoRun(self string) bool { return strings.Contains(filepath.ToSlash(self), "/go-build") }

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
