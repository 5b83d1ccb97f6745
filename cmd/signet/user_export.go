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

	"example.org/signet/issuer/admin"
)

func newUserExport(p *process) *cobra.Command {
	s := newSettings()
	var withoutPasswords bool
	c := &cobra.Command{
		Use: "export FILE", Short: "Write all users to a new file, as signet user import reads them", Args: exactArgs("FILE"),
		Long: "Write all users, as JSON lines, to a new file that only its owner can read; - writes to standard output. The\n" +
			"file holds the password hashes: whoever has it can guess passwords at leisure. Sessions stay behind;\n" +
			"signet backup takes those along too.",
		Example: "  signet user export users.jsonl\n  signet user export - --without-passwords | jq .email",
	}
	c.Flags().BoolVar(&withoutPasswords, "without-passwords", false, "leave the password hashes out")
	s.offer(c.Flags(), &s.outputSettings)
	return p.withStore(c, s, mustExist, func(ctx context.Context, ac *adminContext, args []string) error {
		ctx, stop := untilSignal(ctx)
		defer stop()
		if args[0] == "-" {
			n, err := ac.exportUsers(ctx, ac.stdout, !withoutPasswords)
			ac.messagef("exported %d", n)
			return err
		}
		var n int
		err := createFileFunc(args[0], func(w io.Writer) (err error) {
			n, err = ac.exportUsers(ctx, w, !withoutPasswords)
			return err
		})
		if errors.Is(err, fs.ErrExist) {
			return withHint(fmt.Errorf("%s exists", args[0]), "an export is never written over another file")
		}
		if err != nil {
			return fmt.Errorf("export users: %w", err)
		}
		return ac.printResult(exportResult{n}, func(w io.Writer) { fmt.Fprintf(w, "exported %d\n", n) })
	})
}

// exportResult is the output of user export.
type exportResult struct {
	Exported int `json:"exported"`
}

// exportUsers writes one line a user, and returns how many.
func (ac *adminContext) exportUsers(ctx context.Context, w io.Writer, hashes bool) (n int, err error) {
	bar := newProgress(ac.stderr, "exporting", -1, isTerminal(ac.stderr))
	defer bar.finish()
	counter := &countingWriter{w: w}
	out := bufio.NewWriterSize(counter, 64<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	err = ac.operator.Users().Export(ctx, hashes, func(u admin.ExportedUser) error {
		n++
		bar.set(counter.n)
		return lines.Encode(u)
	})
	return n, errors.Join(err, out.Flush())
}

// countingWriter counts the bytes written.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
