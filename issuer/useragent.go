package issuer

import (
	"net/netip"
	"strings"
	"unicode"
)

// maxDevice bounds what a session keeps of the user agent, in bytes: a session
// stays one small record.
const maxDevice = 28

// Browsers also name the browsers that they descend from, so the most specific name is first.
var (
	browsers = []struct{ token, name string }{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
	}
	systems = []struct{ word, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// describeUserAgent says in a few words what a User-Agent header (RFC 9110 §10.1.5)
// claims: "Firefox 140 on Linux", or the first product of what is no browser.
// It is a hint for people who look for a foreign login; a client can send any value.
func describeUserAgent(userAgent string) string {
	words := strings.Fields(strings.Map(printable, userAgent))
	if len(words) == 0 {
		return ""
	}
	if words[0] != "Mozilla/5.0" {
		return clipDevice(strings.ReplaceAll(words[0], "/", " "))
	}
	device := "browser"
	for _, b := range browsers {
		if version, ok := productVersion(words, b.token); ok {
			device = b.name + " " + version
			break
		}
	}
	for _, s := range systems {
		if strings.Contains(userAgent, s.word) {
			return clipDevice(device + " on " + s.name)
		}
	}
	return clipDevice(device)
}

// productVersion is the number before the first dot of a product's version.
func productVersion(words []string, product string) (string, bool) {
	for _, w := range words {
		if version, ok := strings.CutPrefix(w, product); ok {
			major, _, _ := strings.Cut(version, ".")
			return major, true
		}
	}
	return "", false
}

// printable keeps what a terminal cannot take for a command.
func printable(r rune) rune {
	if r == ' ' || r < unicode.MaxASCII && unicode.IsPrint(r) {
		return r
	}
	return -1
}

func clipDevice(s string) string { return strings.TrimSpace(s[:min(len(s), maxDevice)]) }

// networkPrefix is the part of an address that says from where somebody came, and not
// from which machine: an IPv4 /24, an IPv6 /48.
func networkPrefix(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil || !p.IsValid() { // no address has no prefix, without an error
		return ""
	}
	return p.String()
}
