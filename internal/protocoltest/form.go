package protocoltest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// knownParameters are the parameters that some endpoint reads.
var knownParameters = []string{
	"grant_type", "scope", "resource", "username", "password", "refresh_token", "client_id", "client_secret",
	"client_assertion", "client_assertion_type", "token", "token_type_hint", "access_token",
}

// formEndpoints are the endpoints that take a form.
var formEndpoints = []string{Token, Introspect, Revoke}

var formCases = []testCase{
	{name: "T01 GET with everything right", run: testGet},
	{name: "T02 other methods", run: testMethods},
	{name: "T03 T04 parameters in the query", run: testQuery},
	{name: "T05 content types", run: testContentTypes},
	{name: "T06 a parameter sent twice", run: testDuplicateParameters},
	{name: "T06 empty is absent, unknown is ignored", run: testEmpty},
	{name: "T09 large bodies", run: testLarge},
	{name: "T10 many parameters", run: testMany},
	{name: "T13 T14 invalid UTF-8 and controls", run: testCharacters},
	{name: "T14 characters that pass are exact", run: testExact},
	{name: "M02 operators in names and values", run: testOperators},
}

func testGet(t *testing.T, s *Signet) {
	s.Store.Reset()
	query := s.Alice.LoginForm("")
	query.Set("client_id", s.Web.ID)
	query.Set("client_secret", s.Web.Secret)
	a := s.Get(Token+"?"+query.Encode()).ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
	if a.Header.Get("Allow") != "POST" {
		t.Errorf("Allow: %q", a.Header.Get("Allow"))
	}
	if calls := s.Store.Calls(); len(calls) > 0 {
		t.Errorf("the store was asked: %v", calls)
	}
}

func testMethods(t *testing.T, s *Signet) {
	form := s.Alice.LoginForm("").Encode()
	for _, path := range formEndpoints {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "QUERY"} {
			body := form
			if method == "TRACE" || method == "HEAD" {
				body = ""
			}
			a := s.Send(method, path, body, Basic(s.Web), Header("X-HTTP-Method-Override", "POST"),
				Header("Content-Type", "application/x-www-form-urlencoded"))
			if a.Status != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
}

func testQuery(t *testing.T, s *Signet) {
	for _, path := range formEndpoints {
		for _, name := range knownParameters {
			inURL := path + "?state=1&" + name + "=" + url.QueryEscape(s.NewSecret("in-query"))
			s.Post(inURL, s.Alice.LoginForm(""), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
			s.Post(path+"?"+name, s.Alice.LoginForm(""), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
		}
		hidden := path + "?user%6eame=alice"
		s.Post(hidden, s.Alice.LoginForm(""), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	s.Post(Token+"?grant_type=password", s.Alice.LoginForm(""), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.Post(Token+"?tenant=7&x=%20", s.Alice.LoginForm(""), Basic(s.Web)).Tokens(t) // RFC 6749 §3.2: a query of the endpoint's own
}

func testContentTypes(t *testing.T, s *Signet) {
	form := s.Alice.LoginForm("").Encode()
	send := func(types ...string) Response {
		return s.Send(http.MethodPost, Token, form, Basic(s.Web), func(r *http.Request) { r.Header["Content-Type"] = types })
	}
	for _, right := range []string{
		"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8",
		"Application/X-WWW-Form-URLEncoded;charset=utf-8", `application/x-www-form-urlencoded; charset="utf-8"`,
	} {
		send(right).Tokens(t)
	}
	for _, wrong := range [][]string{
		nil, {""}, {"application/json"}, {"multipart/form-data; boundary=x"}, {"text/plain"},
		{"application/x-www-form-urlencoded; charset=iso-8859-1"}, {"application/x-www-form-urlencoded; charset=utf-8; x=y"},
		{"application/x-www-form-urlencoded, text/plain"}, {"application/x-www-form-urlencoded;;;="},
		{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded"},
		{"application/x-www-form-urlencoded", "application/json"},
	} {
		a := send(wrong...)
		if strings.Contains(strings.Join(wrong, ""), "iso-8859-1") && !strings.Contains(string(a.Body), "charset") {
			t.Errorf("%q: the answer does not name the charset: %s", wrong, a.Body)
		}
		t.Run(fmt.Sprintf("%q", wrong), func(t *testing.T) { a.ExpectError(t, http.StatusBadRequest, "invalid_request") })
	}
}

func testDuplicateParameters(t *testing.T, s *Signet) {
	for _, path := range formEndpoints {
		for _, name := range knownParameters {
			for _, pair := range [][2]string{{"a", "a"}, {"a", "b"}, {"a", ""}, {"", "a"}, {"", ""}} {
				body := "grant_type=password&token=x&" + name + "=" + pair[0] + "&x=y&" + name + "=" + pair[1]
				s.PostRaw(path, body, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
			}
		}
	}
	right := s.Alice.LoginForm("").Encode()
	s.PostRaw(Token, right+"&resource="+url.QueryEscape(API)+"&resource="+url.QueryEscape(API), Basic(s.Web)).
		ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.PostRaw(Token, right+"&pass%77ord=x", Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
}

func testEmpty(t *testing.T, s *Signet) {
	right := s.Alice.LoginForm("").Encode()
	s.PostRaw(Token, right+"&scope=&resource&refresh_token=&client_secret=&client_id=", Basic(s.Web)).Tokens(t)
	s.PostRaw(Token, "&&"+right+"&x=1&x=2&y=%zz&=&", Basic(s.Web)).Tokens(t)
	for _, name := range []string{"grant_type", "username", "password"} {
		f := s.Alice.LoginForm("")
		f.Set(name, "")
		s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	s.Post(Token, Form("grant_type", "refresh_token", "refresh_token", ""), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.Post(Introspect, Form("token", ""), Basic(s.ResourceServer)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	s.Post(Revoke, Form(), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	for _, malformed := range []string{"%", "grant_type=%zz", "%zz=1", "username=%e", "scope=%G0"} {
		s.PostRaw(Token, malformed, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
}

func testLarge(t *testing.T, s *Signet) {
	const limit = 64 << 10
	right := s.Alice.LoginForm("").Encode() + "&filler="
	s.PostRaw(Token, right+strings.Repeat("x", limit-len(right)), Basic(s.Web)).Tokens(t)
	for _, size := range []int{limit + 1, 10 << 20} {
		body := right + strings.Repeat("x", size-len(right))
		a, closed := s.Raw(t, strings.NewReader(s.Head("POST", Token, "Content-Type: application/x-www-form-urlencoded",
			fmt.Sprintf("Content-Length: %d", size))+body))
		tooLarge(t, a, closed)
	}
	a, closed := s.Raw(t, strings.NewReader(s.Head("POST", Token, "Content-Type: application/x-www-form-urlencoded",
		"Content-Length: 10000000000")+right))
	tooLarge(t, a, closed)
	for _, path := range formEndpoints {
		head := s.Head("POST", path, "Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked")
		a, closed = s.Raw(t, io.MultiReader(strings.NewReader(head), repeatReader{"4\r\nxxxx\r\n"}))
		tooLarge(t, a, closed)
	}
}

func tooLarge(t *testing.T, a Response, closed bool) {
	t.Helper()
	a.ExpectError(t, http.StatusRequestEntityTooLarge, "invalid_request")
	if !closed {
		t.Error("the connection stays open")
	}
}

func testMany(t *testing.T, s *Signet) {
	right := s.Alice.LoginForm("").Encode() // 3 parameters of at most 100
	s.Store.Reset()
	for _, more := range []string{
		strings.Repeat("&a=1", 98), strings.Repeat("&a=1", 10000), strings.Repeat("&", 60000), strings.Repeat("&scope=openid", 1000),
		strings.Repeat("&=", 10000), strings.Repeat("&a[999999999]=1", 1000),
	} {
		s.PostRaw(Token, right+more, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	if calls := s.Store.Calls(); len(calls) > 0 {
		t.Errorf("the store was asked: %v", calls)
	}
	s.PostRaw(Token, right+"&a[999999999]=1"+strings.Repeat("&a=1", 96), Basic(s.Web)).Tokens(t)
}

func testCharacters(t *testing.T, s *Signet) {
	s.Store.Reset()
	invalid := map[string]string{
		"stray byte": "%ff", "overlong": "%c0%af", "lone surrogate": "%ed%a0%80", "too high": "%f4%90%80%80", "cut": "%e2%82",
		"NUL": "%00", "raw stray byte": "a\xff",
	}
	controls := map[string]string{"CR": "%0d", "LF": "%0a", "ESC": "%1b", "BEL": "%07", "tab": "%09", "DEL": "%7f", "C1": "%c2%85"}
	for _, path := range formEndpoints {
		for _, name := range knownParameters {
			if name == "token" && path != Token {
				continue // a token is inactive, whatever its bytes
			}
			for what, value := range invalid {
				t.Run(path+" "+name+" "+what, func(t *testing.T) {
					s.PostRaw(path, name+"=a"+value+"b", Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
				})
			}
			for what, value := range controls {
				if name == "password" {
					continue
				}
				t.Run(path+" "+name+" "+what, func(t *testing.T) {
					s.PostRaw(path, name+"=a"+value+"b", Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
				})
			}
		}
	}
	if calls := s.Store.Calls(); len(calls) > 0 {
		t.Errorf("T13 the store was asked: %v", calls)
	}
}

func testExact(t *testing.T, s *Signet) {
	for _, name := range []string{"ali\u2028ce", "alice\u202e", "alice\u200f", "\u2066alice", "alice\ufeff"} {
		f := s.Alice.LoginForm("")
		f.Set("username", name)
		s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_grant")
	}
	odd := User{Username: "odd", Password: "tab\t esc\x1b lf\n \u202e\u2028 " + s.NewSecret("odd")}
	s.setPassword(t, s.AddUser(t, "odd", "user"), odd.Password)
	s.Login(t, s.Web, odd, "")
	odd.Password = strings.ReplaceAll(odd.Password, "\t", " ")
	s.TryLogin(s.Web, odd, "").ExpectError(t, http.StatusBadRequest, "invalid_grant")
}

func testOperators(t *testing.T, s *Signet) {
	for _, body := range []string{
		"grant_type=password&username[$ne]=x&password[$ne]=x", "grant_type=password&username.$ne=x&$where=1",
		"grant_type=password&username[]=alice&password[]=x", "grant_type[$ne]=x",
	} {
		s.PostRaw(Token, body, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_request")
	}
	token := s.Login(t, s.Web, s.Alice, "")
	for _, v := range []string{
		`{"$ne":null}`, `{"$gt":""}`, `{"$regex":".*"}`, `{"$where":"sleep(5000)"}`, `["alice"]`, "$ne", "a.b", "__proto__", "null", "0",
		`' OR '1'='1`, `alice'--`, `";drop table users;--`, `alice' /*`, "%", "_", "alice\u2019",
	} {
		f := s.Alice.LoginForm("")
		f.Set("username", v)
		s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_grant")
		s.TryRefresh(s.Web, v).ExpectError(t, http.StatusBadRequest, "invalid_grant")
		s.Post(Token, Form("grant_type", v), Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "unsupported_grant_type")
		s.Post(Token, s.Alice.LoginForm(""), Basic(Client{v, s.Web.Secret})).ExpectError(t, http.StatusUnauthorized, "invalid_client")
		s.Post(Token, s.Alice.LoginForm(""), Basic(Client{s.Web.ID, v})).ExpectError(t, http.StatusUnauthorized, "invalid_client")
		f = s.Alice.LoginForm("")
		f.Set("resource", v)
		s.Post(Token, f, Basic(s.Web)).ExpectError(t, http.StatusBadRequest, "invalid_target")
		if s.Active(t, s.ResourceServer, v) {
			t.Errorf("%q is active", v)
		}
		s.Revoke(t, s.Web, v)
	}
	if !s.Active(t, s.ResourceServer, token.Access) {
		t.Error("a token was revoked by one of these")
	}
}
