package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/storage"
	"example.org/signet/storage/mongo"
	"example.org/signet/storage/sqlite"
)

// TestKilledAtCodeFailpoints: an instance is killed at every step of issuing, redeeming and
// replaying an authorization code. A code is never redeemed twice, nobody else is logged out,
// and whoever signs in again gets a session.
func TestKilledAtCodeFailpoints(t *testing.T) {
	long(t)
	t.Parallel()
	for name, uri := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := uri(t)
			f := newCluster(t, at, []string{at}, append([]string{"--code-grace", "0s"}, crashFlags...)...)
			f.launch(t)
			f.seed(t)
			k := &crashTest{cluster: f, node: f.nodes[0]}
			k.letRedeem(t, at)
			for _, p := range []failpoint.Point{failpoint.CodeInserting, failpoint.CodeInserted} {
				t.Run("sign-in, at "+string(p), func(t *testing.T) { k.signIn(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.CodeRedeeming, failpoint.CodeRedeemed, failpoint.TokenSigning, failpoint.TokenAnswering} {
				t.Run("redemption, at "+string(p), func(t *testing.T) { k.redeem(t, p) })
			}
			for _, p := range []failpoint.Point{failpoint.CodeRevoking, failpoint.CodeRevoked} {
				t.Run("replay, at "+string(p), func(t *testing.T) { k.replayCode(t, p) })
			}
			k.check(t, false)
		})
	}
}

const callback = "https://app.example.com/callback"

// letRedeem lets the client of the cluster get codes.
func (k *crashTest) letRedeem(t *testing.T, uri string) {
	t.Helper()
	var store storage.Store
	var err error
	if path, isFile := strings.CutPrefix(uri, "sqlite:"); isFile {
		store, err = sqlite.Open(t.Context(), path)
	} else {
		store, err = mongo.Open(t.Context(), uri, time.Now)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	client, err := store.Client(t.Context(), k.web.ID)
	if err != nil {
		t.Fatal(err)
	}
	client.Grants, client.RedirectURIs = append(client.Grants, "authorization_code"), []string{callback}
	if _, err := store.UpdateClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	k.node.stop(t) // it may have cached the client
	k.node.launch(t)
	k.node.waitReady(t)
}

// The code verifier and its challenge are those of RFC 7636, appendix B.
const (
	codeVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// signInForm posts name and password as the login page does. The answer leads back to the
// client, with a code.
func (k *crashTest) signInForm() (code string, err error) {
	request := url.Values{
		"response_type": {"code"}, "client_id": {k.web.ID}, "redirect_uri": {callback}, "scope": {"items:read"}, "state": {"s"},
		"code_challenge": {codeChallenge}, "code_challenge_method": {"S256"},
	}
	browser := *k.node.http
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := browser.PostForm(k.node.issuer+"/login?"+request.Encode(), url.Values{"username": {alice}, "password": {alicePassword}})
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", err
	}
	to, err := res.Location()
	if err != nil {
		return "", err
	}
	return to.Query().Get("code"), nil
}

func (k *crashTest) newCode(t *testing.T) string {
	t.Helper()
	code, err := k.signInForm()
	if err != nil || code == "" {
		t.Fatalf("code %q, %v", code, err)
	}
	return code
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {codeVerifier}}
}

// redeemed is the chain that the code begins.
func (k *crashTest) redeemed(t *testing.T, code string) *tokenChain {
	t.Helper()
	l := &tokenChain{}
	l.append(k.node.mustPost(t, "/oauth2/token", k.web, codeForm(code)).granted(t))
	return l
}

func (k *crashTest) signIn(t *testing.T, p failpoint.Point) {
	bystander := k.redeemed(t, k.newCode(t))
	k.dies(t, p, 1, func() {
		if code, err := k.signInForm(); err == nil {
			t.Errorf("code %q of an instance that should be dead", code)
		}
	})
	k.goesOn(t, k.redeemed(t, k.newCode(t)))
	k.goesOn(t, bystander)
}

// redeem kills the instance in the middle of a redemption. Before the update the code is
// as good as it was; after it, nobody gets anything for it again.
func (k *crashTest) redeem(t *testing.T, p failpoint.Point) {
	code, bystander := k.newCode(t), k.redeemed(t, k.newCode(t))
	k.dies(t, p, 1, func() { k.unanswered(t, "/oauth2/token", k.web, codeForm(code)) })
	if p == failpoint.CodeRedeeming {
		k.goesOn(t, k.redeemed(t, code))
	}
	k.node.mustPost(t, "/oauth2/token", k.web, codeForm(code)).refused(t, http.StatusBadRequest, "invalid_grant")
	k.goesOn(t, k.redeemed(t, k.newCode(t)))
	k.goesOn(t, bystander)
}

// replayCode kills the instance when it has understood that a code is redeemed again. The
// next try, or the one that got no answer, ends the session.
func (k *crashTest) replayCode(t *testing.T, p failpoint.Point) {
	code := k.newCode(t)
	l, bystander := k.redeemed(t, code), k.redeemed(t, k.newCode(t))
	k.dies(t, p, 1, func() { k.unanswered(t, "/oauth2/token", k.web, codeForm(code)) })
	if p == failpoint.CodeRevoking { // nothing has happened yet
		k.goesOn(t, l)
	}
	k.node.mustPost(t, "/oauth2/token", k.web, codeForm(code)).refused(t, http.StatusBadRequest, "invalid_grant")
	k.dead(t, l)
	k.goesOn(t, bystander)
}
