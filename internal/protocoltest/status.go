package protocoltest

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
	"example.org/signet/storage"
)

var statusCases = []testCase{
	{name: "the claim and the list", run: testStatusList},
	{name: "caching", run: testStatusCaching},
	{name: "lists that are none", run: testUnknownStatusList},
	{name: "with the store down", run: testStatusAlone},
	{name: "the list of lists", run: testAggregation},
	{name: "an issuer with a path", configure: func(o *Options) { o.Path = "/realms/main" }, run: testStatusPath},
	{name: "keys that change", run: testStatusKeys},
	{name: "whatever ends a session, on every instance", run: testStatusOfEndedSessions},
	{name: "no two sessions share a status index", run: testStatusIndexesUnique},
	{name: "lists follow each other and leave", run: testStatusListRetirement},
	{name: "iat is when the list was read", run: testStatusIssuedAt},
	{name: "lists that a restore passed over have ended", run: testStatusListsPassedOver},
}

// RefreshStatus lets the instance read its status lists anew, as its background
// refresh would have done.
func (s *Signet) RefreshStatus(t testing.TB) {
	t.Helper()
	must(t, s.Service.RefreshStatus(context.Background()))
}

// statusIndex is a token's index in the status lists.
type statusIndex struct {
	uri   string
	index int
}

func statusIndexOf(t testing.TB, token string) statusIndex {
	t.Helper()
	status, _ := claims(t, token)["status"].(map[string]any)
	list, _ := status["status_list"].(map[string]any)
	uri, _ := list["uri"].(string)
	index, there := list["idx"].(float64)
	if len(status) != 1 || len(list) != 2 || uri == "" || !there {
		t.Fatalf("the claim status is %v", status)
	}
	return statusIndex{uri, int(index)}
}

// statusBit tells whether the token's bit is set on this instance.
func statusBit(t testing.TB, s *Signet, token string) bool {
	t.Helper()
	p := statusIndexOf(t, token)
	a := s.Get(strings.TrimPrefix(p.uri, s.Issuer)).ExpectStatus(t, http.StatusOK)
	bits := statusBits(t, claims(t, string(a.Body)))
	return bits[p.index/8]>>(p.index%8)&1 == 1
}

// statusBits unpacks a list, which always has its full size.
func statusBits(t testing.TB, payload map[string]any) []byte {
	t.Helper()
	list, _ := payload["status_list"].(map[string]any)
	text, _ := list["lst"].(string)
	packed, err := base64.RawURLEncoding.DecodeString(text)
	must(t, err)
	r, err := zlib.NewReader(bytes.NewReader(packed))
	must(t, err)
	bits, err := io.ReadAll(r)
	must(t, err)
	if list["bits"] != 1.0 || len(list) != 2 || len(bits) != storage.StatusListSize/8 {
		t.Fatalf("a list of %d bytes: %v", len(bits), list)
	}
	return bits
}

// expectStatusBits expects, after a refresh, that exactly the first have their bits set.
func (s *Signet) expectStatusBits(t testing.TB, ended, living []Tokens) {
	t.Helper()
	s.RefreshStatus(t)
	for n, tokens := range ended {
		if !statusBit(t, s, tokens.Access) {
			t.Errorf("session %d has ended, its bit is not set", n)
		}
	}
	for n, tokens := range living {
		if statusBit(t, s, tokens.Access) {
			t.Errorf("session %d is alive, its bit is set", n)
		}
	}
}

func testStatusList(t *testing.T, s *Signet) {
	one, two := s.Login(t, s.Web, s.Alice, "openid"), s.Login(t, s.Web, s.Alice, "openid")
	next := s.Refresh(t, s.Web, one.Refresh)
	if statusIndexOf(t, one.Access) != statusIndexOf(t, next.Access) || statusIndexOf(t, one.Access) == statusIndexOf(t, two.Access) {
		t.Error("a session keeps its status index, and no two have the same")
	}
	for _, token := range []string{one.ID, s.ClientToken(t, s.Machine).Access} {
		if claims(t, token)["status"] != nil {
			t.Error("an ID token or a client's own token has a status")
		}
	}
	p := statusIndexOf(t, one.Access)
	if want := s.Issuer + Status + "/1"; p.uri != want {
		t.Errorf("uri %s, want %s", p.uri, want)
	}
	a := s.Get(Status+"/1").ExpectStatus(t, http.StatusOK)
	if a.Header.Get("Content-Type") != "application/statuslist+jwt" || a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("headers %v", a.Header)
	}
	if _, h, err := s.Keys.Verify(context.Background(), string(a.Body)); err != nil || h.Typ != "statuslist+jwt" {
		t.Errorf("header %+v, %v", h, err)
	}
	c, now := claims(t, string(a.Body)), float64(s.Clock.Now().Unix())
	if c["iss"] != s.Issuer || c["sub"] != p.uri || c["iat"] != now || c["exp"] != now+3600 || c["ttl"] != 60.0 || len(c) != 6 {
		t.Errorf("claims %v", c)
	}
	expectTokenRejected(t, s, string(a.Body))
	s.expectStatusBits(t, nil, []Tokens{one, next, two})
	s.Revoke(t, s.Web, next.Refresh)
	s.expectStatusBits(t, []Tokens{one, next}, []Tokens{two})
}

func testStatusCaching(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	path := Status + "/1"
	signatures := s.Keys.Signatures()
	first := s.Get(path).ExpectStatus(t, http.StatusOK)
	tag := first.Header.Get("ETag")
	if got := first.Header.Get("Cache-Control"); got != "public, max-age=30" {
		t.Errorf("Cache-Control %q", got)
	}
	s.Get(path, Header("If-None-Match", tag)).ExpectStatus(t, http.StatusNotModified)
	s.Clock.Advance(14 * time.Second)
	s.RefreshStatus(t)
	if a := s.Get(path, Header("If-None-Match", "W/"+tag)).ExpectStatus(t, http.StatusNotModified); a.Header.Get("Cache-Control") != "public, max-age=16" {
		t.Errorf("Cache-Control %q after 14 s", a.Header.Get("Cache-Control"))
	}
	if n := s.Keys.Signatures() - signatures; n != 1 {
		t.Errorf("%d signatures for what has not changed", n)
	}
	s.Clock.Advance(time.Second)
	s.RefreshStatus(t)
	second := s.Get(path, Header("If-None-Match", tag)).ExpectStatus(t, http.StatusOK) // a quarter of its time is over
	s.Revoke(t, s.Web, tokens.Refresh)
	s.RefreshStatus(t)
	third := s.Get(path, Header("If-None-Match", second.Header.Get("ETag"))).ExpectStatus(t, http.StatusOK)
	if claims(t, string(second.Body))["iat"] != claims(t, string(third.Body))["iat"] {
		t.Error("iat is when the store was read")
	}
	head := s.Send(http.MethodHead, path, "").ExpectStatus(t, http.StatusOK)
	if len(head.Body) != 0 || !sameHeader(head.Header, s.Get(path).Header) {
		t.Errorf("HEAD: %v", head.Header)
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		s.Send(method, path, "").ExpectError(t, http.StatusMethodNotAllowed, "invalid_request")
	}
}

func testUnknownStatusList(t *testing.T, s *Signet) {
	for _, n := range []string{
		"0", "3", "-1", "+1", "01", "1.0", "1e0", "%31", "1%00", "one", "99999999999999999999", "9223372036854775807", "1/", "1/2", "", "..", "1?x=1", "１",
	} {
		a := s.Get(Status + "/" + n)
		if n == "1?x=1" {
			a.ExpectStatus(t, http.StatusOK)
			continue
		}
		a.ExpectError(t, http.StatusNotFound, "not_found")
	}
	s.Clock.Advance(61 * time.Second) // what nobody has looked for in a while may be there
	s.Get(Status + "/3").expectUnavailable(t)
	s.Get(Status+"/1").ExpectStatus(t, http.StatusOK)
}

func testStatusAlone(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	s.Revoke(t, s.Web, tokens.Refresh)
	s.RefreshStatus(t)
	s.Store.FailAt(0)
	if s.Service.RefreshStatus(context.Background()) == nil {
		t.Error("a refresh without a store succeeds")
	}
	iat := float64(s.Clock.Now().Unix())
	for range 3 {
		if !statusBit(t, s, tokens.Access) {
			t.Error("the bit is not set")
		}
		a := s.Get(Status + "/1")
		if got := claims(t, string(a.Body))["iat"]; got != iat { // never younger than what it knows
			t.Errorf("iat %v, want %v", got, iat)
		}
		s.Clock.Advance(20 * time.Second)
	}
	if a := s.Get(Status + "/1"); a.Header.Get("Cache-Control") != "public, max-age=0" {
		t.Errorf("Cache-Control of an old list: %q", a.Header.Get("Cache-Control"))
	}
	s.Store.Reset()
	s.RefreshStatus(t)
	if got := claims(t, string(s.Get(Status+"/1").Body))["iat"]; got != iat+60 {
		t.Errorf("iat %v after the outage", got)
	}
}

func testAggregation(t *testing.T, s *Signet) {
	endpoint, _ := s.Get(Discovery).Object(t)["status_list_aggregation_endpoint"].(string)
	if endpoint != s.Issuer+Status {
		t.Fatalf("status_list_aggregation_endpoint %q", endpoint)
	}
	a := s.Get(Status).ExpectStatus(t, http.StatusOK)
	got := list(a.Object(t)["status_lists"])
	if a.Header.Get("Content-Type") != "application/json" || len(got) != 1 || got[0] != s.Issuer+Status+"/1" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	s.Login(t, s.Web, s.Alice, "openid")
	s.RefreshStatus(t) // the first is in use, so there is a second at hand
	for _, uri := range list(s.Get(Status).Object(t)["status_lists"]) {
		s.Get(strings.TrimPrefix(uri, s.Issuer)).ExpectStatus(t, http.StatusOK)
	}
	s.Get(Status+"/2").ExpectStatus(t, http.StatusOK)
}

func testStatusPath(t *testing.T, s *Signet) {
	tokens := s.Login(t, s.Web, s.Alice, "openid")
	if p := statusIndexOf(t, tokens.Access); p.uri != s.URL+Status+"/1" {
		t.Errorf("uri %s", p.uri)
	}
	s.Revoke(t, s.Web, tokens.Refresh)
	s.expectStatusBits(t, []Tokens{tokens}, nil)
	res, err := s.HTTP.Get(strings.TrimSuffix(s.URL, "/realms/main") + Status + "/1")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("beside the issuer's path: %d", res.StatusCode)
	}
}

// testStatusKeys: a list is signed by the key that signs tokens now.
func testStatusKeys(t *testing.T, s *Signet) {
	kid := func() any {
		return decodePart(t, string(s.Get(Status+"/1").ExpectStatus(t, http.StatusOK).Body), 0)["kid"]
	}
	before := kid()
	_, err := s.Keys.Rotate(context.Background(), keys.Change{Force: true})
	must(t, err)
	rotated := kid()
	active, _, err := s.Keys.Active()
	must(t, err)
	if rotated == before || rotated != active {
		t.Errorf("after a rotation: %v, then %v; %s signs", before, rotated, active)
	}
	must(t, s.Keys.Revoke(context.Background(), active, keys.Change{}))
	if now := kid(); now == rotated {
		t.Error("signed by a revoked key")
	}
}

// sessionEndings are all ways in which a session of web's and alice's ends.
func (s *Signet) sessionEndings(t testing.TB) map[string]func(Tokens) {
	ctx, yes := context.Background(), true
	done := func(_ any, err error) { must(t, err) }
	return map[string]func(Tokens){
		"revoked by its refresh token": func(k Tokens) { s.Revoke(t, s.Web, k.Refresh) },
		"revoked by its access token":  func(k Tokens) { s.Revoke(t, s.Web, k.Access) },
		"a refresh token used again": func(k Tokens) {
			next := s.Refresh(t, s.Web, k.Refresh)
			s.Refresh(t, s.Web, next.Refresh)
			s.expectRefreshRejected(t, s.Web, k.Refresh)
		},
		"by an administrator": func(k Tokens) { must(t, s.operator().Sessions().End(ctx, claims(t, k.Access)["sid"].(string))) },
		"all of the user's":   func(Tokens) { done(s.operator().Users().EndSessions(ctx, s.Alice.ID)) },
		"everybody's":         func(Tokens) { done(s.operator().Sessions().EndAll(ctx)) },
		"another password": func(Tokens) {
			done(s.operator().Users().SetPassword(ctx, s.Alice.ID, admin.NewPassword{Password: issuer.Secret(s.Alice.Password)}))
		},
		"the user disabled": func(Tokens) { s.disable(t, s.Alice); done(s.operator().Users().Enable(ctx, s.Alice.ID)) },
		"the client's secret stolen": func(Tokens) {
			done(s.operator().Clients().RotateSecret(ctx, s.Web.ID, admin.SecretRotation{Secret: issuer.Secret(s.Web.Secret), Revoke: true}))
		},
		"the client disabled": func(Tokens) {
			no := false
			done(s.operator().Clients().Update(ctx, s.Web.ID, admin.ClientChange{Disabled: &yes}))
			done(s.operator().Clients().Update(ctx, s.Web.ID, admin.ClientChange{Disabled: &no}))
		},
	}
}

func testStatusOfEndedSessions(t *testing.T, a *Signet) {
	b := a.StartInstance(t)
	bystander := a.Login(t, a.Other, a.Editor, "openid")
	for name, end := range a.sessionEndings(t) {
		t.Run(name, func(t *testing.T) {
			tokens := a.Login(t, a.Web, a.Alice, "openid")
			b.expectStatusBits(t, nil, []Tokens{tokens})
			end(tokens)
			living := []Tokens{bystander}
			if name == "everybody's" {
				living, bystander = nil, a.Login(t, a.Other, a.Editor, "openid")
			}
			b.expectStatusBits(t, []Tokens{tokens}, living)
			a.expectStatusBits(t, []Tokens{tokens}, living)
			a.StartInstance(t).expectStatusBits(t, []Tokens{tokens}, living) // one that starts now
		})
	}
	tokens, other := a.Login(t, a.Web, a.Alice, "openid"), a.Login(t, a.Other, a.Editor, "openid")
	must(t, a.operator().Users().Delete(context.Background(), a.Alice.ID))
	must(t, a.operator().Clients().Delete(context.Background(), a.Other.ID))
	b.expectStatusBits(t, []Tokens{tokens, other}, nil)
}

func testStatusIndexesUnique(t *testing.T, s *Signet) {
	instances := []*Signet{s, s.StartInstance(t), s.StartInstance(t)}
	seen := map[statusIndex]bool{}
	for range rounds(1, 25) {
		responses := make([]Response, 24) // as many as the queue for password hashes takes
		all := make([]func(), len(responses))
		for n := range all {
			all[n] = func() { responses[n] = instances[n%3].TryLogin(s.Web, s.Alice, "openid") }
		}
		runConcurrently(all...)
		for _, a := range responses {
			p := statusIndexOf(t, a.Tokens(t).Access)
			if seen[p] {
				t.Errorf("%v was given twice", p)
			}
			seen[p] = true
		}
	}
}

// testStatusListRetirement: an instance gives its block up after a day, a list leaves
// when nothing that names it can be alive, and its number never comes back.
func testStatusListRetirement(t *testing.T, s *Signet) {
	ctx := context.Background()
	first := s.Login(t, s.Web, s.Alice, "openid")
	s.Clock.Advance(24 * time.Hour)
	must(t, s.Keys.Refresh(ctx))
	later := s.Login(t, s.Web, s.Alice, "openid")
	if a, b := statusIndexOf(t, first.Access), statusIndexOf(t, later.Access); b.index-a.index < 1000 {
		t.Errorf("the same block after a day: %v, %v", a, b)
	}
	s.RefreshStatus(t)
	s.Advance(24*time.Hour + 72*time.Hour + 24*time.Hour) // block, session, margin
	sweep := func(uris ...string) {
		t.Helper()
		_, err := s.Service.Sweep(ctx)
		must(t, err)
		s.RefreshStatus(t)
		if got := list(s.Get(Status).Object(t)["status_lists"]); strings.Join(got, " ") != strings.Join(uris, " ") {
			t.Errorf("lists %v, want %v", got, uris)
		}
	}
	uri := func(n int) string { return s.Issuer + Status + "/" + strconv.Itoa(n) }
	sweep(uri(1), uri(2))
	s.Advance(time.Second)
	sweep(uri(2))
	if !statusBit(t, s, first.Access) {
		t.Error("the list that has left does not say that all its sessions have ended")
	}
	s.Revoke(t, s.Web, later.Refresh) // its list has left: nothing to do
	s.RefreshStatus(t)
	if p := statusIndexOf(t, s.Login(t, s.Web, s.Alice, "openid").Access); p.uri != uri(2) {
		t.Errorf("next in %s", p.uri)
	}
}

// testStatusListsPassedOver: tokens that were issued between a backup and its restore
// name lists that the restored store has never had. Every bit of those is set.
func testStatusListsPassedOver(t *testing.T, s *Signet) {
	lost := s.Login(t, s.Web, s.Alice, "openid")
	must(t, s.Store.AddStatusList(context.Background(), 1024)) // as a restore does
	s.RefreshStatus(t)
	for _, n := range []string{"3", "500", "1023"} {
		a := s.Get(Status+"/"+n).ExpectStatus(t, http.StatusOK)
		c := claims(t, string(a.Body))
		if c["sub"] != s.Issuer+Status+"/"+n || c["ttl"] != 3600.0 {
			t.Errorf("list %s: %v", n, c)
		}
		for i, b := range statusBits(t, c) {
			if b != 0xff {
				t.Fatalf("list %s: byte %d is %x", n, i, b)
			}
		}
	}
	s.Get(Status+"/1025").ExpectError(t, http.StatusNotFound, "not_found")
	if statusBit(t, s, lost.Access) {
		t.Error("a living session of a list that is there has ended")
	}
}

// testStatusIssuedAt: a list that is signed later than it was read tells how old
// it is (draft-ietf-oauth-status-list §5.1).
func testStatusIssuedAt(t *testing.T, s *Signet) {
	path := strings.TrimPrefix(statusIndexOf(t, s.Login(t, s.Web, s.Alice, "openid").Access).uri, s.Issuer)
	s.RefreshStatus(t)
	read := s.Clock.Now()
	s.Advance(7 * time.Second)
	if iat := claims(t, string(s.Get(path).ExpectStatus(t, http.StatusOK).Body))["iat"]; iat != float64(read.Unix()) {
		t.Errorf("iat %v, the list was read at %d", iat, read.Unix())
	}
}
