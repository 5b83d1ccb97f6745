package userfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
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

// Reader reads users from one file. It is not safe for concurrent use.
type Reader struct {
	in      *input
	rows    rowReader
	ignored []string
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
// error wraps ErrEmpty, ErrFormat or what r returned.
func NewReader(r io.Reader) (*Reader, error) {
	in := newInput(r)
	rows, err := detect(in)
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	reader := &Reader{in: in, rows: rows}
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
	record, ignored, err := toRecord(raw)
	for _, name := range ignored {
		r.ignore(name)
	}
	return record, err
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
