package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"pgregory.net/rapid"

	"example.org/signet/storage"
)

func TestPrefixEnd(t *testing.T) {
	for prefix, want := range map[string]string{
		"":                        "",
		"a":                       "b",
		"ann":                     "ano",
		"a\u00ff":                 "a\u0100",
		"a\ud7ff":                 "a\ue000",
		"a\U0010ffff":             "b",
		"\U0010ffff":              "",
		"a\U0010ffff\U0010ffff":   "b",
		"\ud7ff\U0010ffff":        "\ue000",
		"\u007f":                  "\u0080",
		"\uffff":                  "\U00010000",
		"\U0010ffff\U0010ffff":    "",
		"x\U0010fffe":             "x\U0010ffff",
		"\u4e16\u754c\U0010ffff.": "\u4e16\u754c\U0010ffff/",
	} {
		if got := prefixEnd(prefix); got != want {
			t.Errorf("successor(%+q) = %+q, want %+q", prefix, got, want)
		}
	}
}

// The range from a prefix to its successor holds what begins with the prefix,
// and nothing else.
func TestPrefixEndBoundsThePrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringN(1, 8, -1).Draw(t, "prefix")
		other := rapid.OneOf(rapid.String(), rapid.Map(rapid.String(), func(s string) string { return prefix + s })).Draw(t, "other")
		end := prefixEnd(prefix)
		if end != "" && !utf8.ValidString(end) {
			t.Fatalf("successor(%+q) = %+q is no text", prefix, end)
		}
		within := other >= prefix && (end == "" || other < end)
		if within != strings.HasPrefix(other, prefix) {
			t.Fatalf("%+q within [%+q, %+q): %t", other, prefix, end, within)
		}
	})
}

func TestSecretsOf(t *testing.T) {
	for uri, want := range map[string][]string{
		"mongodb://h/d":                                    nil,
		"mongodb://u@h/d":                                  nil,
		"mongodb://u:p%21w@h/d":                            {"p%21w", "p!w"},
		"mongodb://u:p?w@h/d":                              {"p?w", "p?w"},
		"mongodb+srv://u:pw@h/d?tls=true":                  {"pw", "pw"},
		"mongodb://h/d?tlsCertificateKeyFilePassword=k%20": {"k%20", "k "},
		"mongodb://h/d?AUTHMECHANISMPROPERTIES=TOKEN:abc":  {"TOKEN:abc", "TOKEN:abc"},
	} {
		if got := secretsOf(uri); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("secretsOf(%s) = %q, want %q", uri, got, want)
		}
	}
}

func TestRedactHidesSecretsAndKeepsCause(t *testing.T) {
	r := redactor{"hunter2", "hunter 2"}
	cause := fmt.Errorf("login as ann:hunter2 (hunter 2): %w", context.DeadlineExceeded)
	err := storage.Unavailable("ping", r.redact(cause))
	if strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "login as ann:[hidden]") {
		t.Errorf("text %q", err)
	}
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, context.Canceled) {
		t.Errorf("%v is not what its cause is", err)
	}
	var reached interface{ Unwrap() error }
	if inner := r.redact(cause); errors.As(inner, &reached) {
		t.Error("the cause can be unwrapped, and with it its text")
	}
	if r.redact(nil) != nil {
		t.Error("no error became one")
	}
}

func TestDuplicateIsCertainOnlyWithoutOtherFaults(t *testing.T) {
	duplicate := driver.WriteErrors{{Code: 11000}}
	for what, c := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":               {nil, false},
		"duplicate":             {driver.WriteException{WriteErrors: duplicate}, true},
		"duplicate by command":  {driver.CommandError{Code: 11000}, true},
		"not replicated":        {driver.WriteException{WriteErrors: duplicate, WriteConcernError: &driver.WriteConcernError{Code: 64}}, false},
		"code 1, text alone":    {driver.CommandError{Code: 1, Message: "E11000 duplicate key"}, false},
		"no documents":          {driver.ErrNoDocuments, false},
		"interrupted":           {driver.CommandError{Code: 11602}, false},
		"deadline":              {context.DeadlineExceeded, false},
		"another write's fault": {driver.WriteException{WriteErrors: driver.WriteErrors{{Code: 121}}}, false},
	} {
		if got := isDuplicate(c.err); got != c.want {
			t.Errorf("%s: %t, want %t", what, got, c.want)
		}
	}
}

func TestIndexErrorSaysWhatToDo(t *testing.T) {
	s := &Store{}
	i := index{collection: keys, name: "keys_kid", fields: []string{"kid"}, unique: true}
	for what, c := range map[string]struct {
		err         error
		word        string
		unavailable bool
	}{
		"IndexOptionsConflict":  {driver.CommandError{Code: 85}, "drop it", false},
		"IndexKeySpecsConflict": {driver.CommandError{Code: 86}, "drop it", false},
		"duplicate":             {driver.CommandError{Code: 11000}, "two documents have the same kid", false},
		"not authorised":        {driver.CommandError{Code: 13, Message: "not authorized"}, "not authorized", true},
		"time is over":          {context.DeadlineExceeded, "keys_kid", true},
	} {
		err := s.explainIndexError(i, c.err)
		if err == nil || !strings.Contains(err.Error(), c.word) || !strings.Contains(err.Error(), "keys_kid") {
			t.Errorf("%s: %v", what, err)
		}
		if errors.Is(err, storage.ErrUnavailable) != c.unavailable {
			t.Errorf("%s: %v, unavailable should be %t", what, err, c.unavailable)
		}
	}
	if err := s.explainIndexError(i, nil); err != nil {
		t.Errorf("success: %v", err)
	}
}

// A year 1 date is how no time at all lies in the database.
func TestZeroTimeSurvivesBSON(t *testing.T) {
	raw, err := bson.Marshal(sessionDoc{ExpiresAt: time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var doc sessionDoc
	if err := bson.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.RevokedAt != (time.Time{}) {
		t.Errorf("zero became %v", doc.RevokedAt)
	}
}
