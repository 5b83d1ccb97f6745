package pages_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"example.org/signet/endpoints/pages"
)

// BenchmarkLogin renders the login page: as most requests see it, and with a login hint. Beside
// BenchmarkSigner: at most 0.05 of that.
func BenchmarkLogin(b *testing.B) {
	p := newPages(b, pages.Branding{})
	v := pages.LoginView{Action: "/login?client_id=notes", Client: &pages.Client{ID: "notes", Name: "Notes", LogoURL: "/logo"}, Remember: pages.RememberOffered, StateURL: "/login/state"}
	for name, username := range map[string]string{"plain": "", "login hint": "alice"} {
		b.Run(name, func(b *testing.B) {
			v.Username = username
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Render(v, "de"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSigner is one RS256 signature.
func BenchmarkSigner(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256([]byte("x"))
	for b.Loop() {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}
