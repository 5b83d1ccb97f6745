package userfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// csvTable reads CSV after RFC 4180, also with semicolons or tabs between fields. A
// quoted field may span lines, and is followed to its end even if it is too long to
// keep: to go on inside of it would let whoever wrote that field write users.
type csvTable struct {
	in      *input
	names   fieldNames
	comma   byte
	columns []string
}

func newCSVTable(in *input, names fieldNames) (rowReader, error) {
	if in.endsLinesByCR() {
		return nil, fmt.Errorf("%w: its lines end by carriage returns alone, save it with line feeds", ErrFormat)
	}
	t := &csvTable{in: in, names: names, comma: separator(in.firstLine())}
	_, header, err := t.record()
	var lineErr *LineError
	if errors.As(err, &lineErr) {
		return nil, fmt.Errorf("%w: the header of the CSV is broken: %s", ErrFormat, lineErr.Reason)
	}
	if err == io.EOF {
		return nil, ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	t.columns = header
	return t, t.checkHeader()
}

// separator is the comma where the header has one; spreadsheets in many languages
// write semicolons.
func separator(header []byte) byte {
	for _, c := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(header, c) >= 0 {
			return c
		}
	}
	return ','
}

// checkHeader demands a column that can name users. It never shows the header, which
// in a file without one is somebody's data.
func (t *csvTable) checkHeader() error {
	seen, fields := make(map[string]bool), make(map[field]bool)
	for _, name := range t.columns {
		f := t.names.of(name).field
		if short := normalize(name); f != fieldUnknown && seen[short] {
			return fmt.Errorf("%w: the header names %s twice", ErrFormat, f)
		} else {
			seen[short], fields[f] = true, true
		}
	}
	switch {
	case fields[fieldUsername], fields[fieldEmail], fields[fieldKey]:
		return nil
	case fields[fieldFullName]:
		return fmt.Errorf("%w: the header has neither username nor email: --map name=username takes the name for one", ErrFormat)
	}
	return fmt.Errorf("%w: it is neither JSON nor CSV with a header that has username or email", ErrFormat)
}

// unknown lists the columns that are not taken over.
func (t *csvTable) unknown() []string {
	var names []string
	for _, name := range t.columns {
		if t.names.of(name).field == fieldUnknown {
			names = append(names, name)
		}
	}
	return names
}

func (t *csvTable) next() (row, error) {
	line, fields, err := t.record()
	if err != nil {
		return row{}, err
	}
	if len(fields) != len(t.columns) {
		return row{}, &LineError{Line: line, Reason: fmt.Sprintf("%d fields where the header has %d", len(fields), len(t.columns))}
	}
	r := row{line: line}
	for i, value := range fields {
		if value != "" && value != "NULL" && value != `\N` { // as databases write nothing
			r.members = append(r.members, member{name: t.columns[i], value: value})
		}
	}
	return r, nil
}

// record reads one record and passes over empty lines.
func (t *csvTable) record() (line int, fields []string, err error) {
	for {
		line := t.in.line
		s := csvParser{comma: t.comma}
		if err := t.feed(&s); err != nil {
			return line, nil, err
		}
		switch {
		case s.reason != "":
			return line, nil, &LineError{Line: line, Reason: s.reason}
		case s.buf.tooLong():
			return line, nil, lineTooLong(line)
		case s.blank():
			continue
		}
		fields, err := s.fields()
		if err != nil {
			return line, nil, &LineError{Line: line, Reason: err.Error()}
		}
		return line, fields, nil
	}
}

// feed gives the parser bytes until it has a record. The error is io.EOF only if
// there is no byte left.
func (t *csvTable) feed(s *csvParser) error {
	for begun := false; ; begun = true {
		c, err := t.in.readByte()
		if err == io.EOF && begun {
			s.finish()
			return nil
		}
		if err != nil {
			return err
		}
		if s.step(c) {
			return nil
		}
	}
}

// csvParser takes one record apart, byte by byte.
type csvParser struct {
	comma  byte
	state  csvState
	buf    boundedBuffer
	ends   []int // where each field but the last ends in buf
	reason string
}

// csvState is where in a field the parser is.
type csvState int

const (
	atStart csvState = iota
	unquoted
	quoted
	afterQuote // behind a quotation mark inside quotes: the end, or one of a pair
	skipping   // behind a fault, up to the end of the line
)

// step takes one byte and reports whether the record is complete.
func (s *csvParser) step(c byte) (done bool) {
	switch {
	case s.state == quoted && c != '"':
		s.buf.add(c)
	case c == '\n':
		s.dropReturn()
		return true
	case s.state == skipping:
	case c == '"':
		s.quote()
	case c == s.comma:
		s.endField()
	case s.state == afterQuote:
		if c != '\r' {
			s.fail("text after a closing quotation mark")
		}
	default:
		s.buf.add(c)
		s.state = unquoted
	}
	return false
}

// endField notes a separator, which counts against the limit as well.
func (s *csvParser) endField() {
	s.state = atStart
	if s.buf.size++; !s.buf.tooLong() {
		s.ends = append(s.ends, len(s.buf.text))
	}
}

// quote handles a quotation mark by where it stands.
func (s *csvParser) quote() {
	switch s.state {
	case atStart:
		s.state = quoted
	case quoted:
		s.state = afterQuote
	case afterQuote:
		s.buf.add('"')
		s.state = quoted
	default:
		s.fail("a quotation mark inside a field that does not begin with one")
	}
}

func (s *csvParser) fail(reason string) {
	s.reason, s.state = reason, skipping
}

// finish ends a record at the end of the file.
func (s *csvParser) finish() {
	if s.state == quoted {
		s.fail("a quotation mark is opened and never closed: nothing after it was read")
	}
	s.dropReturn()
}

// dropReturn removes the carriage return of a line end, which without quotes went into
// the last field.
func (s *csvParser) dropReturn() {
	if s.state == unquoted {
		s.buf.text = bytes.TrimSuffix(s.buf.text, []byte("\r"))
	}
}

// blank holds for empty lines, and for the rows of separators alone that spreadsheets
// leave behind.
func (s *csvParser) blank() bool { return len(bytes.TrimSpace(s.buf.text)) == 0 }

// fields splits the record into its fields.
func (s *csvParser) fields() ([]string, error) {
	fields := make([]string, 0, len(s.ends)+1)
	start := 0
	for _, end := range append(s.ends, len(s.buf.text)) {
		text := s.buf.text[start:end]
		if !utf8.Valid(text) {
			return nil, errNotUTF8
		}
		fields = append(fields, string(text))
		start = end
	}
	return fields, nil
}
