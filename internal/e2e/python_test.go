package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPythonRound plays the round with PyPI's PyJWT, Authlib and
// requests-oauthlib.
func TestPythonRound(t *testing.T) {
	long(t)
	t.Parallel()
	runForeign(t, exec.Command(requirePython(t), "round.py"), "python")
}

// requirePython returns the path of the interpreter that has the packages.
func requirePython(t *testing.T) string {
	t.Helper()
	python, err := filepath.Abs(filepath.Join("python", ".venv", "bin", "python"))
	if err == nil {
		_, err = os.Stat(python)
	}
	missing(t, err, "the Python clients", "`python3 -m venv .venv && .venv/bin/pip install --requirement requirements.txt` in internal/e2e/python")
	return python
}
