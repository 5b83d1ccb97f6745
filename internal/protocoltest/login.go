package protocoltest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/password"
	"example.org/signet/storage"
)

var loginCases = []testCase{
	{name: "T17 one canonical name", run: testNames},
	{name: "other bytes of the same name, password and scope", run: testSpellings},
	{name: "U15 U16 every way to fail is the same", run: testFailures},
	{name: "U17 P04 lengths of passwords", run: testLengths},
	{name: "U12 U18 the throttle tells nothing", configure: strictThrottle, run: testThrottle},
	{name: "U03 unknown names in other letters are one name", configure: strictThrottle, run: testThrottleOfUnknownNames},
	{name: "an imported hash logs in and is upgraded", run: testImported},
	{name: "P01 a full queue", configure: shortHashQueue, run: testQueue},
}

func testNames(t *testing.T, s *Signet) {
	renee := s.AddUser(t, "ren\u00e9e", "user")
	for _, name := range []string{"Alice", "ALICE", "\uff41\uff4c\uff49\uff43\uff45", "alice@example.com", "Alice@EXAMPLE.com", "alice ", " alice", "  alice@example.com "} {
		s.Login(t, s.Web, User{Username: name, Password: s.Alice.Password}, "")
	}
	for _, name := range []string{"Rene\u0301e", "REN\u00c9E"} {
		s.Login(t, s.Web, User{Username: name, Password: renee.Password}, "")
	}
	for _, name := range []string{"al\u0131ce", "\u0430lice", "a lice", "alice\u200b", strings.Repeat("a", 2000), "@", "alice@"} {
		s.TryLogin(s.Web, User{Username: name, Password: s.Alice.Password}, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
}

// testSpellings: a login succeeds with white space around the name, with the domain of an
// e-mail address in Unicode or punycode, and with the password in NFC or NFD.
func testSpellings(t *testing.T, s *Signet) {
	ctx := context.Background()
	create := func(n admin.NewUser) admin.User {
		u, err := s.operator().Users().Create(ctx, n)
		must(t, err)
		return u
	}
	const composed, decomposed = "gr\u00fcne l\u00e4mmer", "gru\u0308ne la\u0308mmer"
	s.Log.MarkSecret(composed)
	s.Log.MarkSecret(decomposed)
	create(admin.NewUser{Username: "nora", Email: "nora@xn--bcher-kva.example", Password: composed})
	create(admin.NewUser{Username: "nils", Email: "nils@b\u00fccher.example", Password: decomposed})
	for _, pw := range []string{composed, decomposed, "gr\u00fcne\u00a0l\u00e4mmer"} {
		for _, name := range []string{"nora", "nils", "nora@b\u00fccher.example", "nils@xn--bcher-kva.example", " Nora\u00a0", "Nora@XN--BCHER-KVA.example"} {
			s.Login(t, s.Web, User{Username: name, Password: pw}, "")
		}
	}
	_, err := s.operator().Users().Create(ctx, admin.NewUser{Username: "other", Email: "nora@b\u00fccher.example"})
	var taken *storage.DuplicateError
	if !errors.As(err, &taken) || taken.Field != "email" {
		t.Errorf("the same address in letters: %v", err)
	}
	for _, name := range []string{"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "Fam \U0001F468\u200d\U0001F469\u200d\U0001F467", "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "\u0905\u0928\u093f\u0930\u0941\u0926\u094d\u200d\u0927"} {
		if _, err := s.operator().Users().Update(ctx, s.Alice.ID, admin.UserChange{FullName: &name}); err != nil {
			t.Errorf("%+q: %v", name, err)
		}
	}
	for _, name := range []string{"a\u202eb", "a\u2066b", "a\u2069b", "a\u202ab", "a\nb", "a\x1b[31m", "a\u2028b", "a\u0085b", "\u200d\u200d"} {
		if _, err := s.operator().Users().Update(ctx, s.Alice.ID, admin.UserChange{FullName: &name}); err == nil {
			t.Errorf("%+q is a name", name)
		}
	}
	if got := s.Login(t, s.Web, s.Alice, "  items:read   openid ").Scope; got != "items:read openid" {
		t.Errorf("scope %q", got)
	}
}

func testFailures(t *testing.T, s *Signet) {
	unset := User{Username: "unset"}
	_, err := s.operator().Users().Create(context.Background(), admin.NewUser{Username: unset.Username})
	must(t, err)
	wrong := s.NewSecret("a wrong password")
	var first *Response
	for name, p := range map[string]User{
		"wrong password": {Username: "alice", Password: wrong}, "unknown": {Username: "nobody", Password: wrong},
		"disabled": s.Disabled, "disabled and wrong": {Username: "mallory", Password: wrong},
		"none set": {Username: "unset", Password: wrong}, "no possible name": {Username: "no such name", Password: wrong},
	} {
		before, signed := s.Passwords.Evaluations(), s.Keys.Signatures()
		a := s.TryLogin(s.Web, p, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
		if n := s.Passwords.Evaluations() - before; n != 1 {
			t.Errorf("U16 %s: %d hash evaluations, want 1", name, n)
		}
		if s.Keys.Signatures() != signed {
			t.Errorf("%s: something was signed", name)
		}
		if first == nil {
			first = &a
		}
		if !a.Equal(*first) {
			t.Errorf("U15 %s answers differently:\n%+v\n%+v", name, a, *first)
		}
	}
	before := s.Passwords.Evaluations()
	s.Login(t, s.Web, s.Alice, "")
	if n := s.Passwords.Evaluations() - before; n != 1 {
		t.Errorf("the right password: %d hash evaluations, want 1", n)
	}
}

func testLengths(t *testing.T, s *Signet) {
	for _, n := range []int{64, 128, 1024} {
		p := s.AddUser(t, "long"+strings.Repeat("g", n/64), "user")
		p.Password = (s.NewSecret("long") + strings.Repeat("x", n))[:n]
		s.setPassword(t, p, p.Password)
		s.Login(t, s.Web, p, "")
		if n < 1024 {
			p.Password += "x"
			s.TryLogin(s.Web, p, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
		}
	}
	before := s.Passwords.Evaluations()
	s.Store.Reset()
	for _, pw := range []string{"", strings.Repeat("x", 1025), strings.Repeat("x", 50000)} {
		for _, name := range []string{"alice", "nobody"} {
			s.TryLogin(s.Web, User{Username: name, Password: pw}, "").ExpectError(t, http.StatusBadRequest, "invalid_request")
		}
	}
	s.PostRaw(Token, "grant_type=password&username=alice&password=p%00p", Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	if n := s.Passwords.Evaluations() - before; n != 0 {
		t.Errorf("%d hash evaluations for impossible passwords", n)
	}
	for _, call := range s.Store.Calls() {
		if call == "UserByLogin" {
			t.Error("a user was looked up for an impossible password")
		}
	}
}

func testThrottle(t *testing.T, s *Signet) {
	wrong := s.NewSecret("a wrong password")
	tokens := s.Login(t, s.Web, s.Alice, "")
	var seen []Response
	for _, name := range []string{"alice", "nobody"} {
		for range 3 {
			s.TryLogin(s.Web, User{Username: name, Password: wrong}, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
		}
		before := s.Passwords.Evaluations()
		seen = append(seen, s.TryLogin(s.Web, User{Username: name, Password: wrong}, "").expectThrottled(t))
		if n := s.Passwords.Evaluations() - before; n != 0 {
			t.Errorf("U02 %s: %d hash evaluations past the limit", name, n)
		}
	}
	seen = append(seen, s.TryLogin(s.Web, s.Alice, "").expectThrottled(t)) // U18
	for _, a := range seen[1:] {
		if !a.Equal(seen[0]) {
			t.Errorf("U12 the throttle tells who exists:\n%+v\n%+v", a, seen[0])
		}
	}
	s.Refresh(t, s.Web, tokens.Refresh) // U05: sessions go on
	s.Advance(15*time.Minute + time.Second)
	s.Login(t, s.Web, s.Alice, "")
}

func testImported(t *testing.T, s *Signet) {
	p := User{Username: "imported", Password: s.NewSecret("imported")}
	hash, err := bcrypt.GenerateFromPassword([]byte(p.Password), bcrypt.MinCost)
	must(t, err)
	_, err = s.operator().Users().Create(context.Background(), admin.NewUser{Username: p.Username, PasswordHash: issuer.Secret(hash)})
	must(t, err)
	tokens := s.Login(t, s.Web, p, "")
	u, err := s.backend.UserByLogin(context.Background(), p.Username)
	must(t, err)
	if !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
		t.Errorf("the hash is still %.4s…", u.PasswordHash)
	}
	s.Refresh(t, s.Web, tokens.Refresh) // an upgrade ends no session
	s.Login(t, s.Web, p, "")
}

func shortHashQueue(o *Options) {
	o.Passwords = password.Config{Workers: 1, Queue: 1, Argon2id: password.Argon2id{Memory: 19 << 10, Passes: 2, Parallelism: 1}}
}

func testQueue(t *testing.T, s *Signet) {
	const parallel = 20
	token := s.Login(t, s.Web, s.Alice, "")
	responses := make(chan Response, parallel)
	for range parallel {
		go func() { responses <- s.TryLogin(s.Web, s.Alice, "") }()
	}
	s.Refresh(t, s.Web, token.Refresh) // never waits for a hash
	counts := map[int]int{}
	for range parallel {
		a := <-responses
		counts[a.Status]++
		if a.Status != http.StatusOK {
			a.expectUnavailable(t)
		}
	}
	if counts[http.StatusOK] == 0 || counts[http.StatusServiceUnavailable] == 0 {
		t.Errorf("statuses %v, want some logins and some refusals", counts)
	}
}

func testThrottleOfUnknownNames(t *testing.T, s *Signet) {
	for _, spellings := range [][]string{
		{"nobody", "NOBODY", "NoBody", "\uff4eobody"}, {"No@Example.com", "no@example.com", "NO@EXAMPLE.COM", "no@EXAMPLE.com"},
	} {
		for n, name := range spellings {
			a := s.TryLogin(s.Web, User{Username: name, Password: "a wrong password"}, "")
			if n < 3 {
				a.ExpectError(t, http.StatusBadRequest, "invalid_grant")
			} else {
				a.expectThrottled(t)
			}
		}
	}
}
