package account_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"example.org/signet/issuer/account"
)

func TestUsername(t *testing.T) {
	long := strings.Repeat("a", 128)
	cases := []struct {
		name, in, out string
		err           error
	}{
		{"plain", "alice", "alice", nil},
		{"upper case", "ALICE", "alice", nil},
		{"decomposed", "rene\u0301e", "ren\u00e9e", nil},
		{"composed", "Ren\u00c9e", "ren\u00e9e", nil},
		{"full width", "\uff21\uff4c\uff49\uff43\uff45", "alice", nil},
		{"full-width commercial at", "alice\uff20example.com", "alice@example.com", nil},
		{"half-width katakana", "\uff76\uff85", "\u30ab\u30ca", nil},
		{"an address", "Alice@Example.COM", "alice@example.com", nil},
		{"digits and punctuation", "a.b_c-d+e~1", "a.b_c-d+e~1", nil},
		{"one byte", "a", "a", nil},
		{"sharp s stays", "Straße", "straße", nil},
		{"dotless i stays itself", "ad\u0131", "ad\u0131", nil},
		{"dotted capital I gains a mark", "\u0130pek", "i\u0307pek", nil},
		{"Cyrillic", "Иван", "иван", nil},
		{"Greek", "ΩΜΕΓΑ", "ωμεγα", nil},
		{"Hebrew", "אבג", "אבג", nil},
		{"Japanese beside Latin", "taro太郎", "taro太郎", nil},
		{"128 bytes", long, long, nil},
		{"128 bytes once mapped", strings.Repeat("\uff41", 128), long, nil},

		{"empty", "", "", account.ErrEmpty},
		{"129 bytes", long + "a", "", account.ErrTooLong},
		{"129 bytes once mapped", strings.Repeat("\uff41", 129), "", account.ErrTooLong},
		{"one mebibyte", strings.Repeat("a", 1<<20), "", account.ErrTooLong},
		{"trailing space", "alice ", "", account.ErrSpace},
		{"leading space", " alice", "", account.ErrSpace},
		{"inner space", "al ice", "", account.ErrSpace},
		{"no-break space", "alice\u00a0", "", account.ErrSpace},
		{"ideographic space", "alice\u3000", "", account.ErrSpace},
		{"NUL", "ali\x00ce", "", account.ErrCharacters},
		{"line break", "alice\n", "", account.ErrCharacters},
		{"carriage return", "alice\r", "", account.ErrCharacters},
		{"tab", "alice\t", "", account.ErrCharacters},
		{"escape", "ali\x1bce", "", account.ErrCharacters},
		{"bell", "alice\a", "", account.ErrCharacters},
		{"delete", "alice\x7f", "", account.ErrCharacters},
		{"line separator", "ali\u2028ce", "", account.ErrCharacters},
		{"right-to-left mark", "alice\u200f", "", account.ErrCharacters},
		{"right-to-left override", "\u202ealice", "", account.ErrCharacters},
		{"zero-width space", "ali\u200bce", "", account.ErrCharacters},
		{"zero-width joiner", "ali\u200dce", "", account.ErrCharacters},
		{"soft hyphen", "ali\u00adce", "", account.ErrCharacters},
		{"byte order mark", "\ufeffalice", "", account.ErrCharacters},
		{"emoji", "alice🔑", "", account.ErrCharacters},
		{"ligature", "\ufb01sh", "", account.ErrCharacters},
		{"superscript", "alice\u00b2", "", account.ErrCharacters},
		{"kelvin sign is a k", "\u212aate", "kate", nil},
		{"unassigned", "alice\U000e0080", "", account.ErrCharacters},
		{"digit before an accent", "1é_", "1é_", nil},
		{"digit in full width", "\uff11", "1", nil},
		{"Hebrew and a digit", "אב1", "אב1", nil},
		{"Hebrew after a digit", "1אב", "", account.ErrCharacters},
		{"mixed direction", "אa", "", account.ErrCharacters},
		{"byte ff", "alice\xff", "", account.ErrNotUTF8},
		{"overlong", "\xc0\xaf", "", account.ErrNotUTF8},
		{"lone surrogate", "\xed\xa0\x80", "", account.ErrNotUTF8},
		{"cut character", "ren\xc3", "", account.ErrNotUTF8},
		{"Cyrillic a in a Latin name", "\u0430lice", "", account.ErrMixedScripts},
		{"Greek omicron in a Latin name", "b\u03bfb", "", account.ErrMixedScripts},
		{"Cyrillic s after a dot", "alice.\u0455mith", "", account.ErrMixedScripts},
		{"a user id", "019a7b3c-1111-7abc-8def-0123456789ab", "", account.ErrLooksLikeID},
		{"a user id in upper case", "019A7B3C-1111-7ABC-8DEF-0123456789AB", "", account.ErrLooksLikeID},
		{"a user id in full width", "\uff10" + "19a7b3c-1111-7abc-8def-0123456789ab", "", account.ErrLooksLikeID},
		{"nearly a user id", "019a7b3c-1111-7abc-8def-0123456789a", "019a7b3c-1111-7abc-8def-0123456789a", nil},
		{"hex without groups", strings.Repeat("0", 36), strings.Repeat("0", 36), nil},
		{"groups with a letter over f", "019a7b3c-1111-7abc-8def-0123456789ag", "019a7b3c-1111-7abc-8def-0123456789ag", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := account.Username(c.in)
			if out != c.out || !errors.Is(err, c.err) {
				t.Errorf("Username(%q) = %q, %v; want %q, %v", c.in, out, err, c.out, c.err)
			}
		})
	}
}

// Whatever way of typing a name reaches the account at login must reach it
// everywhere, and no way may reach it here but not there.
func TestSpellingsAgreeEverywhere(t *testing.T) {
	groups := map[string][]string{
		"alice@example.com": {"alice@example.com", "Alice@Example.com", "ALICE@EXAMPLE.COM", "\uff21lice@example.com", "alice\uff20example.com"},
		"ren\u00e9e@xn.org": {"ren\u00e9e@xn.org", "rene\u0301e@xn.org", "REN\u00c9E@XN.ORG", "RENE\u0301E@xn.org"},
	}
	for want, spellings := range groups {
		for _, s := range spellings {
			username, err1 := account.Username(s)
			email, err2 := account.Email(s)
			login, err3 := account.LoginName(s)
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Errorf("%q: %v", s, err)
			}
			if username != want || email != want || login != want {
				t.Errorf("%q: username %q, email %q, login name %q; want %q", s, username, email, login, want)
			}
		}
	}
	for _, s := range []string{"alice@example.com ", "alice@example.com\x00", "\u0430lice@example.com", "\xff@example.com"} {
		_, err1 := account.Username(s)
		_, err2 := account.Email(s)
		_, err3 := account.LoginName(s)
		if err1 == nil || err2 == nil || err3 == nil {
			t.Errorf("%q: %v, %v, %v; want it refused everywhere", s, err1, err2, err3)
		}
	}
}

func TestEmail(t *testing.T) {
	long := strings.Repeat("a", 242) + "@example.com"
	cases := []struct {
		name, in, out string
		err           error
	}{
		{"plain", "alice@example.com", "alice@example.com", nil},
		{"case", "Alice.Smith@Example.COM", "alice.smith@example.com", nil},
		{"plus", "alice+news@example.com", "alice+news@example.com", nil},
		{"apostrophe and slash", "o'neil/x@example.com", "o'neil/x@example.com", nil},
		{"host without a dot", "root@localhost", "root@localhost", nil},
		{"Cyrillic at a Latin domain", "Иван@example.com", "иван@example.com", nil},
		{"international domain", "info@Bücher.example", "info@bücher.example", nil},
		{"254 bytes", long, long, nil},

		{"255 bytes", "a" + long, "", account.ErrTooLong},
		{"empty", "", "", account.ErrEmpty},
		{"domain in ASCII", "alice@XN--bcher-kva.example", "alice@bücher.example", nil},
		{"domain in letters", "alice@Bücher.example", "alice@bücher.example", nil},
		{"domain in decomposed letters", "alice@bu\u0308cher.example", "alice@bücher.example", nil},
		{"sub-domain in ASCII", "alice@mail.xn--strae-oqa.example", "alice@mail.straße.example", nil},
		{"no ASCII form of anything", "alice@xn--example-.com", "alice@xn--example-.com", nil},
		{"ASCII form that cannot be read", "alice@xn--99999999.com", "alice@xn--99999999.com", nil},
		{"ASCII form of mixed scripts", "alice@xn--pple-43d.com", "alice@xn--pple-43d.com", nil},
		{"no domain", "xn--bcher-kva@example.com", "xn--bcher-kva@example.com", nil},
		{"no at", "alice", "", account.ErrEmailFormat},
		{"two ats", "alice@b@example.com", "", account.ErrEmailFormat},
		{"two ats, one in full width", "alice@b\uff20example.com", "", account.ErrEmailFormat},
		{"nothing before", "@example.com", "", account.ErrEmailFormat},
		{"nothing after", "alice@", "", account.ErrEmailFormat},
		{"at alone", "@", "", account.ErrEmailFormat},
		{"display name", "Alice <alice@example.com>", "", account.ErrSpace},
		{"brackets", "<alice@example.com>", "", account.ErrEmailFormat},
		{"comment", "alice(home)@example.com", "", account.ErrEmailFormat},
		{"quoted", "\"alice\"@example.com", "", account.ErrEmailFormat},
		{"list", "alice@example.com,bob", "", account.ErrEmailFormat},
		{"address literal", "alice@[127.0.0.1]", "", account.ErrEmailFormat},
		{"scheme", "mailto:alice@example.com", "", account.ErrEmailFormat},
		{"trailing space", "alice@example.com ", "", account.ErrSpace},
		{"header injection", "alice@example.com\r\nBcc:x", "", account.ErrCharacters},
		{"not UTF-8", "alice@\xff", "", account.ErrNotUTF8},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, err := account.Email(c.in)
			if out != c.out || !errors.Is(err, c.err) {
				t.Errorf("Email(%q) = %q, %v; want %q, %v", c.in, out, err, c.out, c.err)
			}
		})
	}
}

func TestErrorNamesTheFieldAndNotTheValue(t *testing.T) {
	_, username := account.Username("hunter2 hunter2")
	_, email := account.Email("hunter2")
	_, login := account.LoginName("hunter2\x00")
	cases := []struct {
		err   error
		field string
		text  string
	}{
		{username, "username", "username holds a space"},
		{email, "email", "email is not an address of the form name@domain"},
		{login, "username", "username holds a character that is not allowed"},
		{account.ClientID("hunter2 hunter2"), "client_id", "client_id holds a character that is not allowed: letters, digits and . _ ~ - only, beginning with a letter or a digit"},
		{account.RoleName("Hunter2"), "role", "role holds a character that is not allowed: lower-case letters, digits and _ . - only, beginning with a letter"},
		{account.Scope(strings.Repeat("hunter2", 20)), "scope", "scope is too long: at most 128 bytes"},
	}
	for _, c := range cases {
		var refused *account.Error
		if !errors.As(c.err, &refused) || refused.Field != c.field {
			t.Errorf("error is %#v, want an *Error with field %s", c.err, c.field)
		}
		if c.err.Error() != c.text {
			t.Errorf("error is %q, want %q", c.err, c.text)
		}
	}
}

// Every request maps names, so the mapping must not share state between goroutines.
func TestMappingInParallel(t *testing.T) {
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 50 {
				for in, want := range map[string]string{"RENE\u0301E": "ren\u00e9e", "\uff21BC": "abc", "ΣΑΣ": "σασ"} {
					if got, err := account.Username(in); got != want || err != nil {
						t.Errorf("Username(%q) = %q, %v; want %q", in, got, err, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestOwnAddress(t *testing.T) {
	for _, c := range []struct {
		username, email string
		err             error
	}{
		{"alice", "", nil}, {"alice", "bob@example.com", nil},
		{"alice@example.com", "alice@example.com", nil},
		{"alice@example.com", "", account.ErrOtherAddress},
		{"alice@example.com", "alice@example.org", account.ErrOtherAddress},
		{"alice@", "alice@example.com", account.ErrOtherAddress},
		{"@alice", "", account.ErrOtherAddress}, {"a@b@c", "b@c", account.ErrOtherAddress},
	} {
		if err := account.OwnAddress(c.username, c.email); !errors.Is(err, c.err) {
			t.Errorf("%q with %q: %v, want %v", c.username, c.email, err, c.err)
		}
	}
}
