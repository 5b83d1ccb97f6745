package pages

import (
	"bytes"
	"encoding/hex"

	"example.org/signet/internal/ttlcache"
)

// maxLoginPages bounds the login pages that are kept, of some 5 KB each.
const maxLoginPages = 64

// loginKey is all that a login page shows which nobody has typed into, but for the action of
// its form, which differs from request to request.
type loginKey struct {
	lang      string
	hasClient bool
	client    Client
	remember  Remember
	stateURL  string
}

// loginParts is a login page without the action.
type loginParts struct{ before, after []byte }

func newLoginCache() *ttlcache.Cache[loginKey, loginParts] {
	return ttlcache.New[loginKey, loginParts](maxLoginPages, ttlcache.Forever, nil)
}

// actionMark stands for the action in a page that is kept. No escaping changes it.
const actionMark = "/action-of-the-form-e51c0a7d"

// renderLogin renders the login page. One that is the same for many requests is rendered once,
// and gets the action of its form afterwards.
func (p *Pages) renderLogin(v LoginView, text *catalog) ([]byte, error) {
	action, plain := escapeAction(v.Action)
	if !plain || v.Username != "" || v.Problem != ProblemNone || v.OtherUser != nil {
		return p.renderTemplate(v, text)
	}
	key := loginKey{lang: text.lang, remember: v.Remember, stateURL: v.StateURL}
	if v.Client != nil {
		key.hasClient, key.client = true, *v.Client
	}
	parts, found := p.logins.Get(key)
	if !found {
		var err error
		if parts, err = p.newLoginParts(v, text); err != nil {
			return nil, err
		}
		p.logins.Put(key, parts)
	}
	if parts.before == nil {
		return p.renderTemplate(v, text)
	}
	page := make([]byte, 0, len(parts.before)+len(action)+len(parts.after))
	page = append(append(page, parts.before...), action...)
	return append(page, parts.after...), nil
}

// newLoginParts renders the page. It returns the zero loginParts where a template of the
// operator's does not show the action exactly once, as it was given.
func (p *Pages) newLoginParts(v LoginView, text *catalog) (loginParts, error) {
	v.Action = actionMark
	page, err := p.renderTemplate(v, text)
	if err != nil || bytes.Count(page, []byte(actionMark)) != 1 {
		return loginParts{}, err
	}
	before, after, _ := bytes.Cut(page, []byte(actionMark))
	if !bytes.HasSuffix(before, []byte(` action="`)) || !bytes.HasPrefix(after, []byte(`"`)) {
		return loginParts{}, nil
	}
	return loginParts{bytes.Clone(before), bytes.Clone(after)}, nil
}

// escapeAction returns the URL of a form as html/template writes it into the attribute. plain is
// false for a URL with a character that is neither unreserved nor one of those that a path with
// a query is made of (RFC 3986), and for one that is no path of this server.
func escapeAction(action string) (escaped []byte, plain bool) {
	if !isLocalPath(action) {
		return nil, false
	}
	escaped = make([]byte, 0, len(action)+64)
	for n := range len(action) {
		switch c := action[n]; {
		case c == '&':
			escaped = append(escaped, "&amp;"...)
		case c == '+':
			escaped = append(escaped, "&#43;"...)
		case c == '%' && !isEncoded(action[n:]):
			return nil, false
		case isUnreserved(c) || c == '%' || c == '/' || c == '?' || c == '=':
			escaped = append(escaped, c)
		default:
			return nil, false
		}
	}
	return escaped, true
}

func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// isEncoded tells whether text begins with a percent-encoded byte.
func isEncoded(text string) bool {
	if len(text) < 3 {
		return false
	}
	_, err := hex.DecodeString(text[1:3])
	return err == nil
}
