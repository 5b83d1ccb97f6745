package status

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"sync"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/storage"
)

// The JOSE type of a list (§5.1) and its media type (§8.1).
const (
	typeStatusList  = "statuslist+jwt"
	mediaStatusList = "application/" + typeStatusList
)

// list is one list as it was at one version.
type list struct {
	id      int64
	version int64
	lst     string // compressed and encoded (§4.2)

	mu     sync.Mutex
	signed signed
}

// signed is the newest rendering of a list.
type signed struct {
	document document.Document // its max-age is set when it is asked for
	kid      string
	iat      time.Time
}

func newList(l storage.StatusList) *list {
	return &list{id: l.ID, version: l.Version, lst: encode(l.Bits)}
}

// emptyList is the list in which no bit is set.
var emptyList = sync.OnceValue(func() string { return compress(make([]byte, storage.StatusListSize/8)) })

func encode(bits []byte) string {
	if len(bits) == 0 {
		return emptyList()
	}
	return compress(bits)
}

// compress is zlib in base64url (§4.1, §4.2). Its best level, which the draft
// recommends, takes ten times as long for an eighth less.
func compress(bits []byte) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(bits) // memory does not fail
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

// claims of a list token (§5.1).
type claims struct {
	Issuer   string     `json:"iss"`
	Subject  string     `json:"sub"`
	IssuedAt int64      `json:"iat"`
	Expiry   int64      `json:"exp"`
	TTL      int64      `json:"ttl"` // seconds
	List     statusList `json:"status_list"`
}

type statusList struct {
	Bits int    `json:"bits"`
	List string `json:"lst"`
}

// minValidity is the least that a list counts after its iat.
const minValidity = time.Hour

// validity is how long a list counts after its iat. A store that is down keeps the
// lists as they are; by then all tokens that they cover have expired.
func (ls *Lists) validity() time.Duration { return max(minValidity, ls.cfg.TokenTTL+ls.cfg.TTL) }

// sign signs the list as of readAt, unless its newest rendering is nearly as
// young and by the key that signs now. While no key may sign, the last one
// serves.
func (ls *Lists) sign(ctx context.Context, l *list, readAt time.Time) (document.Document, error) {
	return ls.signFor(ctx, l, readAt, ls.cfg.TTL)
}

func (ls *Lists) signFor(ctx context.Context, l *list, readAt time.Time, ttl time.Duration) (document.Document, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	signing, err := ls.keyring.Current()
	switch {
	case err != nil && l.signed.document.Body == nil:
		return document.Document{}, storage.Unavailable("sign a status list", err)
	case err != nil, signing.KID() == l.signed.kid && readAt.Sub(l.signed.iat) < ttl/4:
		return ls.cacheable(l.signed, ttl), nil
	}
	token, err := signing.Sign(ctx, typeStatusList, claims{
		Issuer: ls.cfg.Issuer, Subject: ls.uri(l.id), IssuedAt: readAt.Unix(), Expiry: readAt.Add(max(ls.validity(), ttl)).Unix(),
		TTL: int64(ttl / time.Second), List: statusList{Bits: 1, List: l.lst},
	})
	if err != nil {
		return document.Document{}, storage.Unavailable("sign a status list", err)
	}
	l.signed = signed{document: document.New(mediaStatusList, []byte(token), 0), kid: signing.KID(), iat: readAt}
	return ls.cacheable(l.signed, ttl), nil
}

// cacheable returns the list for caches to keep for the first half of its time:
// who gets it from one still has the other half.
func (ls *Lists) cacheable(s signed, ttl time.Duration) document.Document {
	age := s.iat.Add(ttl / 2).Sub(ls.cfg.Now())
	return s.document.WithMaxAge(min(max(age, 0), ttl/2))
}
