package userfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

var (
	// ErrEmpty means that a file holds nothing at all.
	ErrEmpty = errors.New("the file is empty")
	// ErrFormat means that the file has no format that can be read. The text after
	// it says what would help.
	ErrFormat = errors.New("the file cannot be read as users")
)

// Limits on what is held in memory.
const (
	// MaxLine is the greatest length in bytes of one user in a file, be it a line,
	// an element of an array or a record of CSV.
	MaxLine = 64 << 10
	// MaxField is the greatest length in bytes of a value that is taken over.
	MaxField = 1 << 10

	maxIgnored     = 100
	maxIgnoredName = 64
)

// Options say what an operator has decided about a file.
type Options struct {
	// PlainPasswords takes plain text in a password field; a text with the form of
	// a stored verifier is refused all the same.
	PlainPasswords bool
	// Map gives names in the file the meaning of known fields, or of attributes: attribute:NAME.
	Map map[string]string
	// Ignore are names in the file that are left out although they may restrict
	// their users or hold their passwords.
	Ignore []string
	// Now tells which blocks and accounts have ended; the zero time: none.
	Now time.Time
}

// Reader reads users from one file. It is not safe for concurrent use.
type Reader struct {
	in      *input
	rows    rowReader
	convert *converter
	ignored []string
	fields  map[string]string
	end     error
}

// rowReader yields raw users of one kind of file: io.EOF at the end, a *LineError for a
// user that cannot be made out, and any other error for good.
type rowReader interface {
	next() (row, error)
}

var (
	_ rowReader = (*jsonLines)(nil)
	_ rowReader = (*jsonArray)(nil)
	_ rowReader = (*jsonList)(nil)
	_ rowReader = (*csvTable)(nil)
)

// row is one raw user: members in the order of the file, where they begin.
type row struct {
	line    int
	members []member
}

// member is one named value: nil, string, bool, json.Number, []any or map[string]any.
type member struct {
	name  string
	value any
}

// NewReader looks at the beginning of a file and returns a reader of its kind. The
// error wraps ErrEmpty, ErrFormat or what r returned, or says what is wrong with the
// options.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	names, err := newFieldNames(o)
	if err != nil {
		return nil, err
	}
	in := newInput(r)
	rows, err := detect(in, names)
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	reader := &Reader{in: in, rows: rows, fields: map[string]string{}, convert: &converter{names: names, plain: o.PlainPasswords, now: o.Now}}
	if table, ok := rows.(*csvTable); ok {
		for _, name := range table.unknown() {
			reader.ignore(name)
		}
	}
	return reader, nil
}

// Next returns the next user. A user who cannot be taken over is a *LineError, after
// which Next may be called again. At the end of the file the error is io.EOF; any
// other comes from the underlying reader, and both stay.
func (r *Reader) Next() (Record, error) {
	if r.end != nil {
		return Record{}, r.end
	}
	raw, err := r.rows.next()
	if err != nil {
		return Record{}, r.stop(err)
	}
	raw.members = r.convert.names.expand(raw.members)
	r.note(raw)
	record, ignored, err := r.convert.record(raw)
	for _, name := range ignored {
		r.ignore(name)
	}
	return record, err
}

// note remembers what the members of a user stand for, within bounds.
func (r *Reader) note(raw row) {
	for _, m := range raw.members {
		if f := r.convert.names.of(m.name).field; f != fieldUnknown && len(r.fields) < maxIgnored {
			r.fields[printable(m.name)] = string(f)
		}
	}
}

// stop remembers errors after which nothing can follow.
func (r *Reader) stop(err error) error {
	var lineErr *LineError
	switch {
	case errors.As(err, &lineErr):
		return err
	case err == io.EOF:
		r.end = io.EOF
	default:
		r.end = fmt.Errorf("read users: %w", err)
	}
	return r.end
}

// Offset is how many bytes of the file have been read so far.
func (r *Reader) Offset() int64 { return r.in.offset }

// Ignored returns the names of fields that were met so far and not taken over, in the
// order of their first appearance, at most 100 of them. An administrator's flag that
// stands where no role is given is among them.
func (r *Reader) Ignored() []string { return slices.Clone(r.ignored) }

// Unclear returns the fields met so far that may restrict their users or hold their
// passwords, and that are not understood, at most 100 of them. Whoever writes users
// stops before where there is one.
func (r *Reader) Unclear() []Unclear { return slices.Clone(r.convert.unclear) }

// Fields returns the names met so far that are understood, with what each stands for.
func (r *Reader) Fields() map[string]string { return maps.Clone(r.fields) }

// ignore remembers a name, within bounds.
func (r *Reader) ignore(name string) {
	if len(r.ignored) >= maxIgnored {
		return
	}
	name = printable(name)
	if name != "" && !slices.Contains(r.ignored, name) {
		r.ignored = append(r.ignored, name)
	}
}
