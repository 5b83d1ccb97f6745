package mongotest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// sources is where the server's module lies under the root of this module.
const sources = "internal/mongotest/server"

// binary is the path of the built server; it is built at most once a process.
var binary = sync.OnceValues(func() (string, error) {
	src, err := sourceDir()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return ensureBuilt(src, filepath.Join(cache, "signet-mongotest"))
})

// sourceDir looks for the server's module from the working directory upwards;
// a test runs in its package's directory.
func sourceDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		src := filepath.Join(dir, filepath.FromSlash(sources))
		if _, err := os.Stat(filepath.Join(src, "go.mod")); err == nil {
			return src, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%s: %w above the working directory", sources, fs.ErrNotExist)
		}
		dir = parent
	}
}

// ensureBuilt returns the server built from src, from the cache where it is
// there. Test binaries that run side by side wait for the first of them.
func ensureBuilt(src, cache string) (string, error) {
	key, err := fingerprint(src)
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, key, "mongoserver")
	if isFile(target) {
		return target, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(filepath.Dir(target), "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(target) {
		return target, nil
	}
	return target, build(src, target)
}

// build compiles the server beside target and renames it there, so that a
// build cut in the middle leaves nothing that looks finished.
func build(src, target string) error {
	temp := fmt.Sprintf("%s.%d", target, os.Getpid())
	defer func() { _ = os.Remove(temp) }()
	cmd := exec.Command("go", "build", "-tags", "ferretdb_no_postgresql", "-trimpath", "-ldflags", "-s -w", "-o", temp, ".")
	cmd.Dir = src
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the test database: %w: %s", err, lastLine(out))
	}
	return os.Rename(temp, target)
}

// fingerprint names what a build depends on: the sources and the toolchain.
func fingerprint(src string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	entries, err := os.ReadDir(src)
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(src, e.Name()))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, e.Name(), len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func lastLine(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(lines[len(lines)-1])
}

// errNoURI says that the server ended before it printed its connection string.
var errNoURI = errors.New("the test database printed no connection string")
