package account_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"example.org/signet/issuer/account"
)

// names draws text that has a chance of being a name: letters of many scripts, marks,
// full-width forms, and the odd character that must be refused.
func names() *rapid.Generator[string] {
	letters := rapid.RuneFrom([]rune("aAzZiI09._-@+\u0130\u0131\u0307\u0345\u0301\u00df\u1e9e\u03a3\u03c2\u212a\u212b\uff21\uff41\uff20\uff76\uff9e\u30ab\u3099\u0430\u0410\u03b1 \u3000\u200d\u05d0\u0660"))
	scripts := rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hangul, unicode.Mn, unicode.Arabic)
	return rapid.StringOfN(rapid.OneOf(letters, scripts), 0, 40, -1)
}

func TestCanonicalFormsAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := names().Draw(t, "name")
		for field, canonical := range map[string]func(string) (string, error){
			"username": account.Username, "email": account.Email, "login": account.LoginName,
		} {
			checkCanonical(t, field, canonical, s)
		}
	})
}

// errorer is what a test, a property and a fuzz target have in common.
type errorer interface{ Errorf(string, ...any) }

func checkCanonical(t errorer, field string, canonical func(string) (string, error), s string) {
	once, err := canonical(s)
	if err != nil {
		if once != "" {
			t.Errorf("%s %q: %q beside an error", field, s, once)
		}
		return
	}
	if twice, err := canonical(once); err != nil || twice != once {
		t.Errorf("%s %q: canonical %q, then %q, %v", field, s, once, twice, err)
	}
	if once == "" || len(once) > account.MaxEmail || !utf8.ValidString(once) {
		t.Errorf("%s %q: canonical form is %q", field, s, once)
	}
	if i := strings.IndexFunc(once, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }); i >= 0 {
		t.Errorf("%s %q: canonical form %q holds a space or control", field, s, once)
	}
}

// What can be registered can be typed at login, in any of its spellings.
func TestLoginNameAgreesWithWhatIsRegistered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := names().Draw(t, "name")
		checkLogin(t, s)
	})
}

func checkLogin(t errorer, s string) {
	login, refused := account.LoginName(s)
	for field, canonical := range map[string]func(string) (string, error){
		"username": account.Username, "email": account.Email,
	} {
		if registered, err := canonical(s); err == nil && (refused != nil || registered != login) {
			t.Errorf("%s %q is %q, but at login %q, %v", field, s, registered, login, refused)
		}
	}
}

// FuzzNames holds the same properties on raw bytes.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"", "alice", "ALICE@EXAMPLE.COM", "rene\u0301e", "\uff21\uff20", "\u0130", "\u0430lice", "a\x00", "\xff",
		"\u0345\u0391", "\u1e9e", "\u05d0a", "a\u200db", "019a7b3c-1111-7abc-8def-0123456789ab", "@", "a@b@c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkCanonical(t, "username", account.Username, s)
		checkCanonical(t, "email", account.Email, s)
		checkCanonical(t, "login", account.LoginName, s)
		checkLogin(t, s)
		if account.ClientID(s) == nil && (account.LooksLikeID(s) && s[14] == '7' || strings.ContainsAny(s, "%+: \x00")) {
			t.Errorf("client id %q", s)
		}
	})
}

func BenchmarkLoginName(b *testing.B) {
	for name, s := range map[string]string{"ascii": "alice@example.com", "mapped": "RENE\u0301E@example.com"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := account.LoginName(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
