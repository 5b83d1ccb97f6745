package password

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// minPieces is how many pieces a password must consist of. A piece is what a
// guesser tries as one: a common word, a row of keys, a sequence, a repetition, a
// year, or else a single character.
const minPieces = 5

// Bounds in characters of words that are looked for inside a password.
const (
	minWord  = 3
	maxWord  = 64
	maxBlock = 64 // of a repetition
)

//go:embed common.txt
var commonText string

// common returns the words of common.txt, and rows of keys and sequences. They are read when
// the first password is set: most processes never need them.
var common = sync.OnceValue(commonWords)

// keyRows are keys that lie beside each other, and sequences; what runs along one,
// either way, is a pattern.
var keyRows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "`1234567890-=", "!@#$%^&*()_+", "!\"§$%&/()=",
	"qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", // English
	"qwertzuiopü", "asdfghjklöä", "yxcvbnm,.-", // German
	"azertyuiop", "qsdfghjklm", "wxcvbn,;:", // French
	"1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "!qaz", "@wsx",
	"1q2w3e4r5t6y7u8i9o0p", "1a2b3c4d5e6f7g8h9i", "a1b2c3d4e5f6g7h8i9", "147258369", "159357", "741852963",
}

func commonWords() map[string]struct{} {
	words := map[string]struct{}{}
	for line := range strings.Lines(commonText) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				addWords(words, w, reversed([]rune(w)))
			}
		}
	}
	for _, row := range keyRows {
		addRow(words, []rune(row))
	}
	return words
}

func addWords(words map[string]struct{}, all ...string) {
	for _, w := range all {
		words[fold(w)] = struct{}{}
	}
}

// addRow adds every run along a row, in both directions.
func addRow(words map[string]struct{}, row []rune) {
	for from := range row {
		for to := from + minWord; to <= len(row); to++ {
			addWords(words, string(row[from:to]), reversed(row[from:to]))
		}
	}
}

func reversed(runes []rune) string {
	back := make([]rune, len(runes))
	for i, r := range runes {
		back[len(runes)-1-i] = r
	}
	return string(back)
}

// fold makes one of spellings that differ in case or width only.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }

// leet are the letters that digits and signs stand for; 1 stands for two of them.
var leet = []*strings.Replacer{
	strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i", "€", "e"),
	strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "9", "g", "@", "a", "$", "s", "|", "l", "€", "e"),
}

// UserInputs is what a guesser knows of the account besides. The zero value is nothing.
type UserInputs struct {
	// Personal are texts about the user: names, addresses.
	Personal []string
	// Service are texts about the service: its name, its host.
	Service []string
}

// checkStrength is ErrCommon or ErrPersonal if pw consists of few pieces.
func (c UserInputs) checkStrength(pw string) error {
	personal, service := inputWords(c.Personal), inputWords(c.Service)
	addWords(service, "signet")
	g := newStrength(pw, common(), service)
	if g.weak() {
		return ErrCommon
	}
	g.words = append(g.words, personal)
	if g.weak() {
		return ErrPersonal
	}
	return nil
}

// inputWords are the texts and what they consist of: names, addresses, hosts and
// their domains, words; all of them backwards too.
func inputWords(texts []string) map[string]struct{} {
	words := map[string]struct{}{}
	add := func(w string) {
		if runes := []rune(w); len(runes) >= minWord {
			addWords(words, w, reversed(runes))
		}
	}
	for _, text := range texts {
		text = fold(text)
		add(text)
		for _, part := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("@/:", r) }) {
			add(part)
			for domain, more := part, true; more; {
				_, domain, more = strings.Cut(domain, ".")
				add(domain)
			}
		}
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, w := range append(parts, strings.Join(parts, "")) {
			add(w)
		}
	}
	return words
}

// strength is a password as a guesser sees it.
type strength struct {
	text      []rune
	spellings [][]rune // text and what it may stand for, all of one length
	words     []map[string]struct{}
}

func newStrength(pw string, words ...map[string]struct{}) *strength {
	text := fold(pw)
	g := &strength{text: []rune(text), words: words}
	g.spellings = append(g.spellings, g.text)
	for _, l := range leet {
		g.spellings = append(g.spellings, []rune(l.Replace(text)))
	}
	return g
}

// weak tells whether the whole text can be put together from fewer than
// fewestPieces pieces: it looks where each next piece may end.
func (g *strength) weak() bool {
	reached := make([]bool, len(g.text)+1)
	ends := []int{0}
	for range minPieces - 1 {
		var next []int
		for _, from := range ends {
			g.pieces(from, func(to int) {
				if !reached[to] {
					reached[to] = true
					next = append(next, to)
				}
			})
		}
		if reached[len(g.text)] {
			return true
		}
		ends = next
	}
	return false
}

// pieces calls end with every place where a piece that begins at from may end.
func (g *strength) pieces(from int, end func(to int)) {
	left := len(g.text) - from
	if left > 0 {
		end(from + 1)
	}
	if isYear(g.text[from:]) {
		end(from + 4)
	}
	for n := minWord; n <= min(maxWord, left); n++ {
		if g.isWord(from, from+n) {
			end(from + n)
		}
	}
	for block := 1; block <= min(from, maxBlock); block++ {
		for to := from + block; repeats(g.text, to, block); to += block {
			end(to)
		}
	}
}

func (g *strength) isWord(from, to int) bool {
	for _, s := range g.spellings {
		word := string(s[from:to])
		for _, words := range g.words {
			if _, ok := words[word]; ok {
				return true
			}
		}
	}
	return false
}

// repeats tells whether the block that ends there is the same as the one before it.
func repeats(text []rune, end, block int) bool {
	if end > len(text) {
		return false
	}
	for k := end - block; k < end; k++ {
		if text[k] != text[k-block] {
			return false
		}
	}
	return true
}

// isYear matches 1900 to 2099.
func isYear(text []rune) bool {
	if len(text) < 4 {
		return false
	}
	century := string(text[:2])
	return (century == "19" || century == "20") && unicode.IsDigit(text[2]) && unicode.IsDigit(text[3])
}
