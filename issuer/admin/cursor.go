package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"example.org/signet/storage"
)

// A listing is one listing with its filter and order. A cursor names the listing that it was made
// for and is refused by others, where it would stand for some place in another order.
type listing [6]byte

// newListing returns the listing of that name with these filters.
func newListing(name string, filters ...string) (l listing) {
	var text strings.Builder
	for _, part := range append([]string{name}, filters...) {
		text.WriteString(strconv.Itoa(len(part)) + ":" + part)
	}
	sum := sha256.Sum256([]byte(text.String()))
	copy(l[:], sum[:])
	return l
}

// page opens the cursor of p. A *issuer.FieldError of "after" where it is not one of the listing.
func (l listing) page(p storage.Page) (storage.Page, error) {
	if p.After == "" {
		return p, nil
	}
	cursor, err := base64.RawURLEncoding.DecodeString(p.After)
	after, own := strings.CutPrefix(string(cursor), string(l[:]))
	if err != nil || !own || after == "" {
		return p, newFieldError("after", "is not a cursor of this listing: give the one that the page before ended with, and the same filters and order")
	}
	p.After = after
	return p, nil
}

// cursor closes the cursor of the store.
func (l listing) cursor(next string) string {
	if next == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(l[:], next...))
}

// flagText is a flag as a filter of a listing.
func flagText(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}
