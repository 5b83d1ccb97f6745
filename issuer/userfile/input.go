package userfile

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// input is a file read byte by byte, which knows where it is.
type input struct {
	r      *bufio.Reader
	offset int64 // bytes read
	line   int   // number of the line that the next byte belongs to, from 1
}

func newInput(r io.Reader) *input {
	return &input{r: bufio.NewReaderSize(r, MaxLine), line: 1}
}

// readByte returns the next byte.
func (in *input) readByte() (byte, error) {
	c, err := in.r.ReadByte()
	if err != nil {
		return 0, err
	}
	in.offset++
	if c == '\n' {
		in.line++
	}
	return c, nil
}

// skipSpace reads up to the next byte that is not white space and returns that byte
// without reading it.
func (in *input) skipSpace() (byte, error) {
	for {
		next, err := in.r.Peek(1)
		if err != nil {
			return 0, err
		}
		if !isSpace(next[0]) {
			return next[0], nil
		}
		if _, err := in.readByte(); err != nil {
			return 0, err
		}
	}
}

// readLine returns the rest of the line without its end, or tooLong if it is longer
// than MaxLine. The error is io.EOF only if there is no byte left.
func (in *input) readLine() (text []byte, tooLong bool, err error) {
	var line boundedBuffer
	for {
		part, err := in.r.ReadSlice('\n')
		in.offset += int64(len(part))
		text, ended := bytes.CutSuffix(part, []byte("\n"))
		line.add(text...)
		switch {
		case ended:
			in.line++
			return line.text, line.tooLong(), nil
		case err == io.EOF && line.size > 0:
			return line.text, line.tooLong(), nil
		case err != nil && err != bufio.ErrBufferFull:
			return nil, false, err
		}
	}
}

// firstLine looks at the rest of the line without reading it, as far as it is buffered.
func (in *input) firstLine() []byte {
	ahead, _ := in.r.Peek(MaxLine)
	line, _, _ := bytes.Cut(ahead, []byte("\n"))
	return line
}

// endsLinesByCR tells whether what is buffered has carriage returns and no line feed,
// as files of very old systems do: every user would be in one line.
func (in *input) endsLinesByCR() bool {
	ahead, _ := in.r.Peek(MaxLine)
	return bytes.IndexByte(ahead, '\r') >= 0 && bytes.IndexByte(ahead, '\n') < 0
}

// skipBOM reads a UTF-8 byte order mark, as spreadsheets write one, and refuses the
// marks of UTF-16.
func (in *input) skipBOM() error {
	ahead, _ := in.r.Peek(3)
	if bytes.HasPrefix(ahead, []byte{0xff, 0xfe}) || bytes.HasPrefix(ahead, []byte{0xfe, 0xff}) {
		return fmt.Errorf("%w: it is UTF-16, save it as UTF-8", ErrFormat)
	}
	if !bytes.Equal(ahead, []byte("\ufeff")) {
		return nil
	}
	n, err := in.r.Discard(len(ahead))
	in.offset += int64(n)
	return err
}

// boundedBuffer keeps the first MaxLine bytes of what is added to it, and counts the rest.
type boundedBuffer struct {
	text []byte
	size int
}

func (c *boundedBuffer) add(b ...byte) {
	room := max(0, MaxLine-c.size)
	c.text = append(c.text, b[:min(room, len(b))]...)
	c.size += len(b)
}

func (c *boundedBuffer) tooLong() bool { return c.size > MaxLine }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
