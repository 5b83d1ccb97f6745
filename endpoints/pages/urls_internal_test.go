package pages

import "testing"

// Each kind of target lets through what it says, and nothing that runs script or leads to a
// place that cannot be seen in the URL.
func TestTargets(t *testing.T) {
	kinds := map[string]func(string) target{"local": localTarget, "web": webTarget, "client": clientTarget, "brand": brandTarget}
	for url, allowed := range map[string][]string{
		"/":                       {"local", "client", "brand"},
		"/a?b=c&d=%22#e":          {"local", "client", "brand"},
		"https://x.example":       {"web", "client", "brand"},
		"http://127.0.0.1:9/cb?x": {"web", "client", "brand"},
		"HTTPS://x.example/":      {"web", "client", "brand"},
		"com.example.app:/cb?x=y": {"client"}, // RFC 8252 §7.1
		"com.example.app://cb":    {"client"},
		"mailto:a@b.example":      {"brand"},

		"": nil, "x": nil, "#x": nil, "//evil.example": nil, `/\evil.example`: nil, `\\evil.example`: nil, "/a\nb": nil, "/\u202ea": nil, "/\x00": nil,
		"https://": nil, "https:/x": nil, "https://u:p@x.example": nil, "ftp://x.example": nil, "app:/cb": nil, "%zz:": nil,
		"javascript:alert(1)": nil, "JavaScript:alert(1)": nil, " javascript:alert(1)": nil, "java\tscript:alert(1)": nil, "java.script\u202e:x": nil,
		"data:text/html,x": nil, "vbscript:x": nil, "blob:https://x.example/1": nil, "file:///etc/passwd": nil,
	} {
		for kind, check := range kinds {
			var want target
			for _, name := range allowed {
				if name == kind {
					want = target(url)
				}
			}
			if got := check(url); got != want {
				t.Errorf("%s target of %q: %q, want %q", kind, url, got, want)
			}
		}
	}
}
