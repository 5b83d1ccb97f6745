package safehttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"example.org/signet/internal/safehttp"
)

func TestIsPublic(t *testing.T) {
	for _, s := range []string{"8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"} {
		if !safehttp.IsPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is not public", s)
		}
	}
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "3fff::1", "100::1", "4000::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "::7f00:1",
	} {
		if safehttp.IsPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is public", s)
		}
	}
	if safehttp.IsPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// countingServer counts the requests that reach it.
func countingServer(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &n
}

func TestClient_RefusesAddressesThatAreNotPublic(t *testing.T) {
	s, reached := countingServer(t, func(http.ResponseWriter, *http.Request) {})
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		if _, err := safehttp.Fetch(t.Context(), safehttp.Client(nil), "http://"+host+port, 10); !errors.Is(err, safehttp.ErrAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d requests reached the server", n)
	}
}

func TestClient_ConnectsToWhatIsAllowed(t *testing.T) {
	s, _ := countingServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("0123456789")) })
	c := safehttp.Client(safehttp.Loopback)
	if body, err := safehttp.Fetch(t.Context(), c, s.URL, 10); err != nil || string(body) != "0123456789" {
		t.Errorf("%q, %v", body, err)
	}
	if _, err := safehttp.Fetch(t.Context(), c, s.URL, 9); !errors.Is(err, safehttp.ErrTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
}

func TestClient_FollowsNoRedirect(t *testing.T) {
	target, reached := countingServer(t, func(http.ResponseWriter, *http.Request) {})
	s, _ := countingServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, target.URL, http.StatusFound) })
	_, err := safehttp.Fetch(t.Context(), safehttp.Client(safehttp.Loopback), s.URL, 10)
	if err == nil || !strings.Contains(err.Error(), "302") {
		t.Errorf("a redirect gives %v", err)
	}
	if reached.Load() != 0 {
		t.Error("the redirect was followed")
	}
}

func TestClient_UsesNoProxy(t *testing.T) {
	proxy, reached := countingServer(t, func(http.ResponseWriter, *http.Request) {})
	t.Setenv("HTTP_PROXY", proxy.URL)
	if _, err := safehttp.Fetch(t.Context(), safehttp.Client(safehttp.Loopback), "http://192.0.2.1/", 10); !errors.Is(err, safehttp.ErrAddress) {
		t.Errorf("got %v", err)
	}
	if reached.Load() != 0 {
		t.Error("the proxy was asked")
	}
}

func TestFetch_NamesTheCauseAndNotTheURI(t *testing.T) {
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	missing, _ := countingServer(t, http.NotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for want, c := range map[string]struct {
		ctx context.Context
		uri string
	}{
		"certificate is not valid": {t.Context(), tls.URL + "/hidden"},
		"cannot be reached":        {t.Context(), closed.URL + "/hidden"},
		"status 404":               {t.Context(), missing.URL + "/hidden"},
		"canceled":                 {ctx, missing.URL + "/hidden"},
		"not well-formed":          {t.Context(), "http://%zz/hidden"},
	} {
		_, err := safehttp.Fetch(c.ctx, safehttp.Client(safehttp.Loopback), c.uri, 10)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %s", c.uri, err, want)
		}
	}
}
