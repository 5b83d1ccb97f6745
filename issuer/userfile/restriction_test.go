package userfile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer/userfile"
)

// readWith reads a file with options, and returns its users, refused lines and unclear
// fields.
func readWith(t *testing.T, file string, o userfile.Options) (users []userfile.Record, bad []string, unclear []userfile.Unclear) {
	t.Helper()
	r, err := userfile.NewReader(strings.NewReader(file), o)
	if err != nil {
		t.Fatal(err)
	}
	users, bad = drain(t, r)
	return users, bad, r.Unclear()
}

// A field that restricts its user makes them disabled, whatever it is called.
func TestRestrictions_DisableOrAreUnclear(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for members, want := range map[string]string{
		`"blocked":true`:                                     "disabled",
		`"blocked":false`:                                    "",
		`"banned":1`:                                         "disabled",
		`"is_banned":"t"`:                                    "disabled",
		`"banned_until":"2030-01-01T00:00:00Z"`:              "disabled",
		`"banned_until":"2020-01-01T00:00:00Z"`:              "",
		`"banned_until":"forever"`:                           "disabled",
		`"deleted_at":"2020-01-01T00:00:00Z"`:                "disabled",
		`"deleted_at":null`:                                  "",
		`"deletedAt":{"$date":"2020-01-01T00:00:00Z"}`:       "disabled",
		`"locked_at":"2020-01-01"`:                           "disabled",
		`"suspended":"yes"`:                                  "disabled",
		`"accountEnabled":false`:                             "disabled",
		`"accountEnabled":true`:                              "enabled",
		`"status":"blocked"`:                                 "disabled",
		`"status":"ACTIVE"`:                                  "",
		`"state":"PASSWORD_EXPIRED"`:                         "disabled",
		`"userStatus":"FORCE_CHANGE_PASSWORD"`:               "disabled",
		`"status":"purple"`:                                  "unclear status",
		`"status":3`:                                         "unclear status",
		`"state":"Bavaria"`:                                  "unclear state",
		`"is_active":true,"banned":true`:                     "disabled",
		`"blocked":false,"suspended":true`:                   "disabled",
		`"lockoutEnd":"2030-01-01T00:00:00Z"`:                "disabled",
		`"lockoutEnabled":true`:                              "",
		`"disableableCredentialTypes":["password"]`:          "",
		`"expires_at":"2020-01-01"`:                          "disabled",
		`"expires_at":"2030-01-01"`:                          "unclear expires_at",
		`"accountExpires":9223372036854775807`:               "",
		`"accountExpires":0`:                                 "",
		`"is_blocklisted":true`:                              "unclear is_blocklisted",
		`"moderation_suspension":{"by":"x"}`:                 "unclear moderation_suspension",
		`"blocks":[]`:                                        "",
		`"encrypted_password":"` + sponge + `"`:              "unclear encrypted_password",
		`"password_digest":"` + sponge + `"`:                 "unclear password_digest",
		`"custom_password_hash":"` + argon2 + `"`:            "unclear custom_password_hash",
		`"secret_word":"` + sponge + `"`:                     "unclear secret_word",
		`"old_pass":"5f4dcc3b5aa765d61d8327deb882cf99"`:      "unclear old_pass",
		`"gravatar":"5f4dcc3b5aa765d61d8327deb882cf99"`:      "",
		`"password_changed_at":"2020-01-01","colour":"blue"`: "",
	} {
		users, bad, unclear := readWith(t, `{"username":"a",`+members+`}`, userfile.Options{Now: now})
		if len(users) != 1 || len(bad) != 0 {
			t.Errorf("%s: %d users, refused %q", members, len(users), bad)
			continue
		}
		got := ""
		switch off := users[0].Disabled; {
		case len(unclear) > 0:
			got = "unclear " + unclear[0].Field
		case off != nil && *off:
			got = "disabled"
		case off != nil:
			got = "enabled"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", members, got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	const file = `{"username":"a","encrypted_password":"` + sponge + `","status":"purple"}`
	o := userfile.Options{Map: map[string]string{"Encrypted-Password": "hashed_password"}, Ignore: []string{"status"}}
	users, bad, unclear := readWith(t, file, o)
	if len(users) != 1 || users[0].PasswordHash != sponge || len(unclear) != 0 {
		t.Errorf("%+v, refused %q, unclear %v", users, bad, unclear)
	}
	users, _, _ = readWith(t, `{"name":"Alice","email":"a@b.c"}`, userfile.Options{Map: map[string]string{"name": "username"}})
	if len(users) != 1 || users[0].Username != "alice" {
		t.Errorf("mapped name: %+v", users)
	}
	if _, err := userfile.NewReader(strings.NewReader(file), userfile.Options{Map: map[string]string{"x": "nonsense"}}); err == nil || !strings.Contains(err.Error(), "hashed_password") {
		t.Errorf("an unknown field to map to: %v", err)
	}
}

// Plain passwords are taken only where that is meant, and what has the form of a
// verifier not even then.
func TestPlainPasswords(t *testing.T) {
	for _, c := range []struct {
		text   string
		allow  bool
		reason string
	}{
		{"correct horse battery", true, ""},
		{"correct horse battery", false, "password is not a hash: plain passwords are taken with --plain-passwords"},
		{"00112233445566aa:" + strings.Repeat("0f", 32), true, "its kind is not read"},
		{"!AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd", true, "its kind is not read"},
		{"{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6", true, "its kind is not read"},
		{"*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", true, "its kind is not read"},
	} {
		users, bad, _ := readWith(t, `{"username":"a","password":"`+c.text+`"}`, userfile.Options{PlainPasswords: c.allow})
		switch {
		case c.reason == "" && (len(users) != 1 || users[0].Password.Reveal() != c.text):
			t.Errorf("%s: %+v, %q", c.text, users, bad)
		case c.reason != "" && (len(bad) != 1 || !strings.Contains(bad[0], c.reason)):
			t.Errorf("%s: refused %q, want %q", c.text, bad, c.reason)
		}
	}
}

// One object that holds the users: Keycloak's exports, and what APIs answer.
func TestListsInsideAnObject(t *testing.T) {
	filler := `"components":{"users":["not these"],"x":"[{\"username\":\"nor this\"}]"},` + strings.Repeat(`"k":{"a":[1,2,{"b":"}]"}]},`, 9000)
	for name, file := range map[string]string{
		"one line":       `{"users":[{"username":"a"},{"username":"b"}]}`,
		"items, a page":  `{"items":[{"username":"a"},{"username":"b"}],"next":"x"}` + "\n",
		"laid out":       "{\n  \"realm\": \"shop\",\n  \"users\" : [\n    {\"username\": \"a\"},\n    {\"username\": \"b\"}\n  ]\n}\n",
		"a long realm":   "{\n" + filler + "\n\"users\":[{\"username\":\"a\"},\n{\"username\":\"b\"}],\"z\":{\"users\":[{\"username\":\"c\"}]}}\n",
		"after a number": `{"total":2,"users":[{"username":"a"},{"username":"b"}]}`,
	} {
		users, bad, _ := readWith(t, file, userfile.Options{})
		var names []string
		for _, u := range users {
			names = append(names, u.Username)
		}
		if !slices.Equal(names, []string{"a", "b"}) || len(bad) != 0 {
			t.Errorf("%s: %q, refused %q", name, names, bad)
		}
	}
	if users, _, _ := readWith(t, `{"username":"a","items":[{"title":"x"}]}`+"\n"+`{"username":"b","items":[]}`, userfile.Options{}); len(users) != 2 {
		t.Errorf("users with items of their own: %+v", users)
	}
}

func TestCarriageReturnsAlone_AreRefused(t *testing.T) {
	_, err := userfile.NewReader(strings.NewReader("username,email\ra,a@b.c\rb,b@c.d\r"), userfile.Options{})
	if err == nil || !strings.Contains(err.Error(), "carriage returns") {
		t.Errorf("error is %v", err)
	}
}

// Names of fields are shown, what is more likely data is not.
func TestIgnored_ShowsNoAddress(t *testing.T) {
	r, err := userfile.NewReader(strings.NewReader(`{"username":"a","alice@example.com":1}`), userfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	drain(t, r)
	if got := strings.Join(r.Ignored(), " "); strings.Contains(got, "alice") {
		t.Errorf("ignored %q", got)
	}
}
