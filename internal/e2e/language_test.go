package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// texts are the words of the pages in one language, by their keys.
type texts map[string]string

// inBothLanguages plays a story for people who read English, and for those who read German.
func inBothLanguages(t *testing.T, story func(t *testing.T, lang string, say texts)) {
	t.Helper()
	for _, lang := range []string{"en", "de"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "endpoints", "pages", "texts", lang+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var say texts
		if err := json.Unmarshal(text, &say); err != nil {
			t.Fatal(err)
		}
		t.Run(lang, func(t *testing.T) { story(t, lang, say) })
	}
}

// speak has the browser ask for pages in a language.
func (p *page) speak(lang string) {
	p.t.Helper()
	p.do(network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
}

// firstSentence returns a text up to its first full stop.
func firstSentence(text string) string {
	sentence, _, _ := strings.Cut(text, ".")
	return sentence
}
