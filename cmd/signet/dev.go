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
		Use: "dev", Short: "Run an issuer to try, with a demo user and the lines to paste", Args: exactArgs(),
		Long: "Run an issuer to try. On its first start it makes a store in signet-data/, a demo user, demo clients and a\n" +
			"demo API, all with secrets generated at random, and every time it prints lines to paste into another terminal:\n" +
			"log in, verify offline, refresh, introspect, rotate the keys, revoke. A demo application at --app-listen signs\n" +
			"the demo user in through the browser. For anything real run signet serve.",
		Example: "  signet dev\n  signet dev --listen 127.0.0.1:9000",
	}
	s.offerServer(c.Flags())
	c.Flags().StringVar(&s.appListen, "app-listen", "127.0.0.1:8082", "`ADDRESS` of the demo application, which signs in through the browser; empty turns it off")
	s.docsClient = demoDocs
	for name, value := range map[string]string{
		"issuer": "http://localhost:0", "admin-listen": "", "metrics-listen": "", "keyring-refresh": "1s", "drain-delay": "0s",
	} {
		setDefault(c, name, value)
	}
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error {
		if s.isMongo() {
			return usageErrorf("--storage: dev makes demo accounts, so it runs on its own embedded store: use signet serve with MongoDB")
		}
		if !s.isSet("admin-listen") {
			s.adminListen = s.listen // one address to try everything at
		}
		if !s.sendsMail() {
			s.mailDir = filepath.Join(filepath.Dir(s.demoPath()), "mail")
		}
		return p.serve(ctx, s, printDemo)
	})
}

// setDefault changes the default of a setting for one command.
func setDefault(c *cobra.Command, name, value string) {
	f := c.Flags().Lookup(name)
	if err := f.Value.Set(value); err != nil {
		panic("preset " + name + ": " + err.Error()) // a mistake in the program
	}
	f.DefValue = value
}

//go:embed dev.txt
var devText string

// printDemo creates the demo accounts and prints the commands to try.
func printDemo(ctx context.Context, v *server) error {
	d, err := v.demo().ensure(ctx)
	if err != nil {
		return err
	}
	if err := v.handler.Refresh(ctx); err != nil { // the password grant is in use now
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	_, err = v.devReplacer(d, dir).WriteString(v.stdout, v.settings.devCommands())
	return err
}

// adminStep begins the part of dev.txt that asks the admin API.
const adminStep = "\necho '# 9."

// appStep begins the paragraph of dev.txt that points to the demo application.
const appStep = "Sign in through"

// mailStep begins the paragraph of dev.txt that says where mails are.
const mailStep = "Mails are not sent"

// consoleStep begins the paragraph of dev.txt that says where the console is.
const consoleStep = "Administer in the browser"

// devCommands returns the commands to print, without those that ask the admin API where the
// issuer's address does not serve it, and without the demo application where there is none.
func (s *settings) devCommands() string {
	text := devText
	if s.mailDir == "" {
		text = withoutParagraph(text, mailStep)
	}
	if s.appListen == "" {
		text = withoutParagraph(text, appStep)
	}
	if !s.consoleIsPublic() {
		text = withoutParagraph(text, consoleStep)
	}
	if !s.adminMerged() {
		text, _, _ = strings.Cut(text, adminStep)
	}
	return text
}

// withoutParagraph cuts the paragraph out that begins with those words.
func withoutParagraph(text, begin string) string {
	before, rest, _ := strings.Cut(text, begin)
	_, rest, _ = strings.Cut(rest, "\n\n")
	return before + rest
}

// devReplacer fills in the placeholders of dev.txt. No template engine: one would keep the
// linker from leaving out what is not called, a fifth of the binary.
func (v *server) devReplacer(d demoCredentials, dir string) *strings.Replacer {
	s := v.settings
	return strings.NewReplacer(
		"{issuer}", s.issuer, "{app}", v.appLink(), "{folder}", shellQuote(dir), "{file}", s.demoPath(), "{audience}", demoAudience,
		"{signet}", invocation(dir), "{store}", s.storeFlags(), "{mail}", s.mailDir,
		"{username}", d.Username, "{password}", d.Password, "{client}", d.ClientID, "{client-secret}", d.ClientSecret,
		"{api}", d.APIClientID, "{api-secret}", d.APISecret, "{admin}", d.AdminID, "{admin-secret}", d.AdminSecret,
	)
}

// appLink is where the demo application begins.
func (v *server) appLink() string {
	if v.listeners.app == nil {
		return ""
	}
	return v.demoAppURL()
}

// storeFlags are the flags by which other commands find the same store.
func (s *settings) storeFlags() string {
	var flags string
	for name, value := range map[string]string{"storage": s.storage, "master-key-file": s.masterKeyFile} {
		if s.isSet(name) {
			flags += " --" + name + " " + shellQuote(value)
		}
	}
	return flags
}

// invocation returns the command by which a person in that folder runs this program.
func invocation(dir string) string {
	self, err := os.Executable()
	if err != nil {
		return "signet"
	}
	if _, err := os.Stat(filepath.Join(dir, "cmd", "signet", "main.go")); err == nil && builtByGoRun(self) {
		return "go run ./cmd/signet"
	}
	if installed, err := exec.LookPath("signet"); err == nil && sameFile(installed, self) {
		return "signet"
	}
	if near, err := filepath.Rel(dir, self); err == nil && !strings.HasPrefix(near, "..") {
		return shellQuote("./" + near)
	}
	return shellQuote(self)
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
