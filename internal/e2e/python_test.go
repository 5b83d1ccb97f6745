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
	t.Parallel()
	python, err := filepath.Abs(filepath.Join("python", ".venv", "bin", "python"))
	if err == nil {
		_, err = os.Stat(python)
	}
	missing(t, err, "the Python clients", "`python3 -m venv .venv && .venv/bin/pip install --requirement requirements.txt` in internal/e2e/python")
	playForeign(t, exec.Command(python, "round.py"), "python")
}
