package account

import (
	"strings"

	"golang.org/x/net/idna"
)

// acePrefix begins a label in the ASCII form of a domain with other letters (RFC 5890
// §2.3.2.1).
const acePrefix = "xn--"

// readableDomain returns the address with its domain in letters instead of their ASCII
// form, so that both spellings are one address. What is no such form, or stands for what
// may not be in a name, stays as it is.
func readableDomain(address string) string {
	local, domain, found := strings.Cut(address, "@")
	if !found || !strings.Contains("."+domain, "."+acePrefix) {
		return address
	}
	letters, err := idna.Lookup.ToUnicode(domain)
	if err != nil {
		return address
	}
	if back, err := idna.Lookup.ToASCII(letters); err != nil || back != domain {
		return address
	}
	readable := local + "@" + letters
	if mapped, err := mapUntilStable(readable); err != nil || mapped != readable || violatesBidiRule(readable) || mixesScripts(readable) {
		return address
	}
	return readable
}
