package account

import "unicode"

// confusableScripts are the alphabets whose letters are drawn like those of another in
// this list. Other scripts may stand beside them freely: Japanese names mix Latin
// letters with kana, and nobody takes one for the other.
var confusableScripts = []*unicode.RangeTable{
	unicode.Latin,
	unicode.Cyrillic,
	unicode.Greek,
	unicode.Armenian,
	unicode.Cherokee,
	unicode.Coptic,
	unicode.Lisu,
}

// mixesScripts reports whether one word, that is one unbroken run of letters and
// their marks, holds letters of two look-alike alphabets. Words are judged one by
// one because an address such as иван@example.com rightly has two.
func mixesScripts(s string) bool {
	var word *unicode.RangeTable
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			word = nil
			continue
		}
		script := confusableScript(r)
		if script == nil {
			continue
		}
		if word != nil && word != script {
			return true
		}
		word = script
	}
	return false
}

// confusableScript returns the look-alike alphabet that r belongs to, or nil.
func confusableScript(r rune) *unicode.RangeTable {
	for _, script := range confusableScripts {
		if unicode.Is(script, r) {
			return script
		}
	}
	return nil
}
