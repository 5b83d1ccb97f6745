package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Directory writes each mail into a file of its own, for development and tests.
type Directory struct {
	Path string
	From From
}

var _ Sender = Directory{}

// Send writes the message as a file with mode 0600, in one step. The same message again replaces
// its file. Names sort by time.
func (d Directory) Send(_ context.Context, m Message) error {
	sum := sha256.Sum256([]byte(m.ID))
	name := m.Date.UTC().Format("20060102T150405.000") + "-" + hex.EncodeToString(sum[:6]) + ".eml"
	if writeFile(filepath.Join(d.Path, name), func(w io.Writer) error { return write(w, d.From, m) }) != nil {
		return errors.New("the mail directory could not be written")
	}
	return nil
}

// writeFile writes and syncs a temporary file, then gives it its name.
func writeFile(path string, content func(io.Writer) error) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".mail-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already after the rename
	if err := errors.Join(content(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
