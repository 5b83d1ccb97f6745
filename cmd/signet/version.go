package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"example.org/signet/keys"
)

// buildInfo is the build information of the binary.
type buildInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree with uncommitted changes
	Time     string `json:"time,omitempty"`     // of the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Signer   string `json:"signer"` // the library that signs with RSA keys
}

func readBuildInfo() buildInfo {
	b := buildInfo{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	b.Signer, _ = keys.SigningLibrary() // Go where OpenSSL cannot be loaded; signet serve logs why
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func newVersion(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{Use: "version", Short: "Show what this binary was built from", Args: exactArgs(), Example: "  signet version --output json"}
	s.offer(c.Flags(), &s.outputSettings)
	return p.withSettings(c, s, func(context.Context, []string) error { return printVersion(p, s) })
}

func printVersion(p *process, s *settings) error {
	b := readBuildInfo()
	return p.printResult(s, b, func(w io.Writer) {
		revision := b.Revision
		if b.Modified {
			revision += " with changes"
		}
		fmt.Fprintf(w, "signet %s\n", b.Version)
		writeFields(w, "revision", revision, "time", b.Time, "go", b.Go, "platform", b.Platform, "signer", b.Signer)
	})
}

// addVersionFlag lets --version do what the command version does.
func addVersionFlag(p *process, root *cobra.Command) {
	wanted := root.Flags().Bool("version", false, "show what this binary was built from")
	run := root.RunE
	root.RunE = func(c *cobra.Command, args []string) error {
		if !*wanted {
			return run(c, args)
		}
		if len(args) > 0 {
			return usageErrorf("too many arguments: signet --version")
		}
		p.started = true
		return printVersion(p, newSettings())
	}
}
