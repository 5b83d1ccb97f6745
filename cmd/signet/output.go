package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Formats of an answer.
const (
	outputText = "text"
	outputJSON = "json"
)

// countOf returns the number with what is counted, in the singular for 1.
func countOf[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printResult prints v as JSON, or as the text that the function writes.
func (ac *adminContext) printResult(v any, text func(io.Writer)) error {
	return ac.process.printResult(ac.settings, v, text)
}

func (p *process) printResult(s *settings, v any, text func(io.Writer)) error {
	if s.output == outputJSON {
		return writeJSON(p.stdout, v)
	}
	w := &firstError{w: p.stdout}
	text(w)
	return w.err
}

// writeJSON prints one value, indented, with <, > and & as they are.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// firstError is a writer that keeps the first error, so that text can be written line by
// line and the error checked once.
type firstError struct {
	w   io.Writer
	err error
}

func (f *firstError) Write(b []byte) (int, error) {
	if f.err == nil {
		_, f.err = f.w.Write(b)
	}
	return len(b), nil
}

// writeTable prints rows in columns under their headings.
func writeTable(w io.Writer, headings []string, rows [][]string) {
	writeRows(w, append([][]string{headings}, rows...))
}

// writeRows prints rows in columns.
func writeRows(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	_ = t.Flush() // w remembers its failure
}

// writeFields prints one record, a line for each field that is not empty. Fields are
// pairs of name and value.
func writeFields(w io.Writer, fields ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for n := 0; n+1 < len(fields); n += 2 {
		if fields[n+1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", fields[n], fields[n+1])
		}
	}
	_ = t.Flush() // w remembers its failure
}

// joinWords joins words with spaces.
func joinWords(words []string) string { return strings.Join(words, " ") }

// formatTime formats a time: RFC 3339, UTC, in whole seconds; the zero time is empty.
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// formatOptionalTime is formatTime; nil is empty.
func formatOptionalTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return formatTime(*t)
}

func formatBool(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// shellQuote quotes a word for a POSIX shell if it needs it.
func shellQuote(s string) string {
	special := func(r rune) bool {
		alphanumeric := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alphanumeric && !strings.ContainsRune("_-./:=@%+,", r)
	}
	if s != "" && !strings.ContainsFunc(s, special) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
