package issuer

import (
	"net/netip"
	"strings"
	"testing"
)

func TestDescribeUserAgent(t *testing.T) {
	for agent, want := range map[string]string{
		"": "", "   ": "", "\x00\x1b[31m": "[31m",
		"curl/8.14.1": "curl 8.14.1",
		"okhttp/4.12": "okhttp 4.12",
		"MyApp/2.1 (iPhone; iOS 18.5) CFNetwork/1":                                                                                                "MyApp 2.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                  "Firefox 140 on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36":                         "Chrome 137 on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0":           "Edge 137 on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                   "Safari 18 on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari 18 on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":     "Samsung 28 on Android",
		"Mozilla/5.0 (compatible; bot)":                   "browser",
		"Mozilla/5.0 Firefox/" + strings.Repeat("9", 500): "Firefox " + strings.Repeat("9", 20),
		"\u202eMozilla\u0007/5.0 Firefox/1.0\n":           "Firefox 1",
		strings.Repeat("x", 10_000):                       strings.Repeat("x", maxDevice),
	} {
		if got := describeUserAgent(agent); got != want || len(got) > maxDevice {
			t.Errorf("%.60q: %q, want %q", agent, got, want)
		}
	}
}

func TestNetworkPrefix(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3:4:5:6": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "": "",
	} {
		a, _ := netip.ParseAddr(address)
		if got := networkPrefix(a); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
