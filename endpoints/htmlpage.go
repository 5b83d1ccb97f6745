package endpoints

import (
	"html"
	"net/http"
	"strings"
)

const htmlType = "text/html; charset=utf-8"

// fillPage returns an embedded page with the values of this issuer, escaped.
func fillPage(file, issuerURL, base, client, scopes string) string {
	return strings.NewReplacer(
		"{issuer}", html.EscapeString(issuerURL), "{base}", html.EscapeString(base), "{client}", html.EscapeString(client),
		"{scopes}", html.EscapeString(scopes),
	).Replace(string(readEmbedded(docsPageFS, file)))
}

// setPageHeaders sets what keeps a page from being framed, cached and read by
// others.
func setPageHeaders(h http.Header, policy string) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// acceptsHTML tells whether a request is a browser's: it names text/html, which
// programs that read JSON do not.
func acceptsHTML(h http.Header) bool {
	for kind := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(kind, " ", ""), ";q=")
		if strings.EqualFold(name, "text/html") && (weight == "" || strings.Trim(weight, "0.") != "") {
			return true
		}
	}
	return false
}
