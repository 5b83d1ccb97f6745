package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what the binary knows about its own making.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree with uncommitted changes
	Time     string `json:"time,omitempty"`     // of the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuild() build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
	c := &cobra.Command{Use: "version", Short: "Show what this binary was built from", Args: names(), Example: "  signet version --output json"}
	s.addOutput(c.Flags())
	return p.does(c, s, func(context.Context, []string) error {
		b := readBuild()
		return p.answer(s, b, func(w io.Writer) {
			revision := b.Revision
			if b.Modified {
				revision += " with changes"
			}
			fmt.Fprintf(w, "signet %s\n", b.Version)
			writeFields(w, "revision", revision, "time", b.Time, "go", b.Go, "platform", b.Platform)
		})
	})
}
