package pages

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLanguages   = 20  // tags that are looked at
	maxLanguageLen = 512 // characters of a parameter or header that are looked at
)

// Language returns the best of the languages that there are texts in: the first of
// ui_locales (OpenID Connect Core §3.1.2.1), else the one that Accept-Language prefers
// (RFC 9110 §12.5.4), else English. What cannot be read is passed over.
func (p *Pages) Language(uiLocales, acceptLanguage string) string {
	for n, tag := range strings.Fields(cutBytes(uiLocales)) {
		if n == maxLanguages {
			break
		}
		if lang := p.lookUp(tag); lang != "" {
			return lang
		}
	}
	for _, tag := range preferred(cutBytes(acceptLanguage)) {
		if lang := p.lookUp(tag); lang != "" {
			return lang
		}
	}
	return defaultLanguage
}

// Languages returns the languages that there are texts in.
func (p *Pages) Languages() []string { return slices.Clone(p.languages) }

// lookUp finds a language by its tag, whose parts are left out from the end until there is one
// (RFC 4647 §3.4); "" for none.
func (p *Pages) lookUp(wanted string) string {
	wanted = strings.ReplaceAll(wanted, "_", "-")
	for wanted != "" {
		for _, lang := range p.languages {
			if strings.EqualFold(lang, wanted) {
				return lang
			}
		}
		wanted = wanted[:max(strings.LastIndexByte(wanted, '-'), 0)]
	}
	return ""
}

// preferred returns the tags of Accept-Language in the order of their weights.
func preferred(header string) []string {
	type choice struct {
		tag    string
		weight float64
	}
	var choices []choice
	for part := range strings.SplitSeq(header, ",") {
		tag, param, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ToLower(param), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		if tag != "" && weight > 0 && len(choices) < maxLanguages {
			choices = append(choices, choice{tag, weight})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]string, len(choices))
	for n, c := range choices {
		tags[n] = c.tag
	}
	return tags
}

func cutBytes(s string) string { return s[:min(len(s), maxLanguageLen)] }

// isLanguageTag tells whether a text looks like a BCP 47 tag: "de", "pt-BR".
func isLanguageTag(tag string) bool {
	for n, part := range strings.Split(tag, "-") {
		if len(part) < 2-min(n, 1) || len(part) > 8 || strings.ContainsFunc(part, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || n > 0 && r >= '0' && r <= '9')
		}) {
			return false
		}
	}
	return true
}
