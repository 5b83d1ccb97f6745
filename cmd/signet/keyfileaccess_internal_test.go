package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestKeyFileAccess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no such modes on Windows")
	}
	for name, c := range map[string]struct {
		mode          fs.FileMode
		own, readOnly bool
		warning, err  string // "" for none
	}{
		"own, 0600":                             {0o600, true, false, "", ""},
		"own, 0400":                             {0o400, true, false, "", ""},
		"own, 0440":                             {0o440, true, false, "", "chmod 600 /run/key"},
		"own, 0644":                             {0o644, true, false, "", "chmod 600 /run/key"},
		"own, read-only mount, 0440":            {0o440, true, true, "", ""},
		"own, read-only mount, 0444":            {0o444, true, true, "SIGNET_MASTER_KEY", ""},
		"own, read-only mount, 0644":            {0o644, true, true, "SIGNET_MASTER_KEY", ""},
		"another's, 0440":                       {0o440, false, false, "", ""},
		"another's, 0640":                       {0o640, false, false, "", ""},
		"another's, 0444":                       {0o444, false, false, "SIGNET_MASTER_KEY", ""},
		"another's, 0660":                       {0o660, false, false, "", "SIGNET_MASTER_KEY"},
		"another's, 0666":                       {0o666, false, false, "", "SIGNET_MASTER_KEY"},
		"another's, read-only mount, 0440":      {0o440, false, true, "", ""},
		"another's, read-only mount, 0444":      {0o444, false, true, "SIGNET_MASTER_KEY", ""},
		"another's, read-only mount, 0777":      {0o777, false, true, "SIGNET_MASTER_KEY", ""},
		"another's, read-only mount, 0660":      {0o660, false, true, "", ""},
		"another's that is given, nobody's own": {0o400, false, false, "", ""},
	} {
		warning, err := keyFileAccess{path: "/run/key", env: "SIGNET_MASTER_KEY", mode: c.mode, own: c.own, readOnly: c.readOnly}.check()
		if (warning == "") != (c.warning == "") || !strings.Contains(warning, c.warning) {
			t.Errorf("%s: warning %q, want %q", name, warning, c.warning)
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(explain(err), c.err) {
			t.Errorf("%s: error %v, want %q", name, err, c.err)
		}
		if (!c.own || c.readOnly) && err != nil && strings.Contains(explain(err), "chmod") {
			t.Errorf("%s: advises what cannot be done: %s", name, explain(err))
		}
	}
}

func TestExplainKeyFileError(t *testing.T) {
	denied := explainKeyFileError(envMasterKey, &fs.PathError{Op: "open", Path: "/run/key", Err: fs.ErrPermission})
	if text := explain(denied); !strings.Contains(text, "/run/key") || !strings.Contains(text, "0440") || !strings.Contains(text, envMasterKey) {
		t.Errorf("no permission: %s", text)
	}
	missing := explainKeyFileError(envMasterKey, &fs.PathError{Op: "open", Path: "/run/key", Err: fs.ErrNotExist})
	if !errors.Is(missing, fs.ErrNotExist) || strings.Contains(explain(missing), "0440") {
		t.Errorf("missing: %s", explain(missing))
	}
}

// Only root can give a file to somebody else.
func TestReadMasterKey_OfAnotherOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("the file must belong to another user, which only root can bring about")
	}
	path := filepath.Join(t.TempDir(), "master.key")
	writeFile(t, path, []byte("\ufeffMDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\r\n"))
	if err := os.Chown(path, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	for mode, warned := range map[fs.FileMode]bool{0o440: false, 0o444: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		key, err := (&process{stderr: &stderr}).masterKeys(newSettings()).readFile(path, envMasterKey)
		if err != nil || key.Encode() != "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" {
			t.Errorf("mode %o: %v", mode, err)
		}
		if (stderr.Len() > 0) != warned {
			t.Errorf("mode %o: printed %q", mode, &stderr)
		}
	}
}
