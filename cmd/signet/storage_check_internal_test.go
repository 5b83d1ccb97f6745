package main

import (
	"encoding/json"
	"strings"
	"testing"

	"example.org/signet/internal/mongotest"
	"example.org/signet/storage"
)

func TestStorageCheck_MongoDB(t *testing.T) {
	uri := mongotest.URI(t)
	out, stderr, code := runWithEnv(t, "storage", "check", uri, "--output", "json")
	var got storeCheckResult
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || !got.OK {
		t.Fatalf("%d, %s, %s, %v", code, out, stderr, err)
	}
	for _, f := range got.Checks {
		if f.Verdict == storage.Failed || f.Detail == "" {
			t.Errorf("%+v", f)
		}
	}
	if len(got.Checks) < 9 {
		t.Errorf("only %d checks", len(got.Checks))
	}
	t.Setenv("SIGNET_STORAGE", uri) // needs no master key
	if out, stderr, code := runWithEnv(t, "storage", "check"); code != 0 || !strings.Contains(out, "compare-and-swap") {
		t.Errorf("by the environment: %d, %s, %s", code, out, stderr)
	}
	readOnly := mongotest.Start(t, mongotest.Login("u", "s3cr3t"), mongotest.ReadOnly()).URI()
	out, stderr, code = runWithEnv(t, "storage", "check", readOnly)
	if code != 1 || !strings.Contains(out, "role readWrite") || strings.Contains(out+stderr, "s3cr3t") {
		t.Errorf("%d, %s, %s", code, out, stderr)
	}
}
