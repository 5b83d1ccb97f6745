package account

import "unicode"

// lookAlikes are the alphabets whose letters are drawn like those of another in
// this list. Other scripts may stand beside them freely: Japanese names mix Latin
// letters with kana, and nobody takes one for the other.
var lookAlikes = []*unicode.RangeTable{
	unicode.Latin,
	unicode.Cyrillic,
	unicode.Greek,
	unicode.Armenian,
	unicode.Cherokee,
	unicode.Coptic,
	unicode.Lisu,
}

// mixesAlphabets reports whether one word, that is one unbroken run of letters and
// their marks, holds letters of two look-alike alphabets. Words are judged one by
// one because an address such as иван@example.com rightly has two.
func mixesAlphabets(s string) bool {
	var word *unicode.RangeTable
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			word = nil
			continue
		}
		script := lookAlike(r)
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

// lookAlike returns the look-alike alphabet that r belongs to, or nil.
func lookAlike(r rune) *unicode.RangeTable {
	for _, script := range lookAlikes {
		if unicode.Is(script, r) {
			return script
		}
	}
	return nil
}
