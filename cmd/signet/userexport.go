package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"example.org/signet/issuer"
)

func newUserExport(p *process) *cobra.Command {
	s := newSettings()
	var without bool
	c := &cobra.Command{
		Use: "export FILE", Short: "Write all users to a new file, as signet user import reads them", Args: names("FILE"),
		Long: "Write all users, as JSON lines, to a new file that only its owner can read; - writes to standard output. The\n" +
			"file holds the password hashes: whoever has it can guess passwords at leisure. Ids and sessions stay behind;\n" +
			"signet backup takes those along too.",
		Example: "  signet user export users.jsonl\n  signet user export - --without-passwords | jq .email",
	}
	c.Flags().BoolVar(&without, "without-passwords", false, "leave the password hashes out")
	s.addOutput(c.Flags())
	return p.admin(c, s, mustBeThere, func(ctx context.Context, o *office, args []string) error {
		ctx, stop := untilSignal(ctx)
		defer stop()
		if args[0] == "-" {
			n, err := o.exportUsers(ctx, o.stdout, !without)
			o.say("exported %d", n)
			return err
		}
		var n int
		err := createWith(args[0], func(w io.Writer) (err error) {
			n, err = o.exportUsers(ctx, w, !without)
			return err
		})
		if errors.Is(err, fs.ErrExist) {
			return hint(fmt.Errorf("%s exists", args[0]), "an export is never written over another file")
		}
		if err != nil {
			return fmt.Errorf("export users: %w", err)
		}
		return o.answer(exported{n}, func(w io.Writer) { fmt.Fprintf(w, "exported %d\n", n) })
	})
}

// exported is the answer to user export.
type exported struct {
	Exported int `json:"exported"`
}

// exportUsers writes one line a user, and returns how many.
func (o *office) exportUsers(ctx context.Context, w io.Writer, hashes bool) (n int, err error) {
	shown := newProgress(o.stderr, "exporting", -1, isTerminal(o.stderr))
	defer shown.done()
	counted := &counter{w: w}
	out := bufio.NewWriterSize(counted, 64<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err = o.issuer.ExportUsers(ctx, hashes, o.source, func(u issuer.ExportedUser) error {
		n++
		shown.at(counted.n)
		return lines.Encode(u)
	})
	return n, errors.Join(err, out.Flush())
}

// counter counts what goes through it, in bytes.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
