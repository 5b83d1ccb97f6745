package backup

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Check reads a backup to its end and returns an error if it is not a backup, of a newer
// format, damaged, or under another master key. Nothing of a backup may be used before.
func Check(from io.Reader, macKey []byte) (Summary, error) {
	return read(from, macKey, func(record) error { return nil })
}

// read calls the function with each record. The records can be trusted only after read has
// returned nil.
func read(from io.Reader, macKey []byte, handle func(record) error) (Summary, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	sum, mac := sha256.New(), hmac.New(sha256.New, macKey)
	s := Summary{Counts: map[string]int64{}}
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		if n > 1 && bytes.HasPrefix(line, trailerPrefix) {
			if err := s.verify(line, hex.EncodeToString(sum.Sum(nil)), hex.EncodeToString(mac.Sum(nil))); err != nil {
				return s, err
			}
			if lines.Scan() {
				return s, fmt.Errorf("%w: something follows its end", ErrDamaged)
			}
			return s, lines.Err()
		}
		sum.Write(append(line[:len(line):len(line)], '\n'))
		mac.Write(append(line[:len(line):len(line)], '\n'))
		if err := s.readLine(n, line, handle); err != nil {
			return s, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return s, fmt.Errorf("%w: a line is too long", ErrDamaged)
	case err != nil:
		return s, err
	case s.Format == 0:
		return s, ErrForeign
	}
	return s, fmt.Errorf("%w: its end is missing", ErrDamaged)
}

// readLine reads the head or a record.
func (s *Summary) readLine(n int, line []byte, handle func(record) error) error {
	if n == 1 {
		return s.readHeader(line)
	}
	var r record
	if err := decodeStrict(line, &r); err != nil {
		return fmt.Errorf("%w: line %d cannot be read", ErrDamaged, n)
	}
	s.count(r)
	return handle(r)
}

func (s *Summary) readHeader(line []byte) error {
	var version struct {
		Format int `json:"signet_backup"`
	}
	if err := json.Unmarshal(line, &version); err != nil || version.Format < 1 {
		return ErrForeign
	}
	if version.Format > Format {
		return &FormatError{Found: version.Format, Known: Format}
	}
	if err := decodeStrict(line, &s.Header); err != nil {
		return fmt.Errorf("%w: its head cannot be read", ErrDamaged)
	}
	return nil
}

// verify compares the tail with what was read.
func (s *Summary) verify(line []byte, sum, mac string) error {
	var t trailer
	if err := decodeStrict(line, &t); err != nil || t.End == nil {
		return fmt.Errorf("%w: its end cannot be read", ErrDamaged)
	}
	switch {
	case t.End.Records != s.Records, t.End.SHA256 != sum:
		return fmt.Errorf("%w: its checksum is another one", ErrDamaged)
	case !hmac.Equal([]byte(t.End.MAC), []byte(mac)):
		return ErrWrongMasterKey
	}
	return nil
}
