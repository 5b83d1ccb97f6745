package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"example.org/signet/keys"
	"example.org/signet/storage"
)

// A digest is the SHA-256 hash of an event.
type digest [sha256.Size]byte

// hash returns the SHA-256 of every field of an event but its MAC. Each text is preceded by its
// length, so that no two events have the same encoding.
func hash(e storage.AuditEvent) digest {
	b := []byte("signet audit event 1\x00")
	appendText := func(all ...string) {
		for _, s := range all {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	appendText(e.ID, e.Type, e.Actor, e.Target, e.ClientID, e.Address, e.RequestID, e.Detail, e.Writer, e.Prev, e.Seen, e.KeyID)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	return sha256.Sum256(b)
}

// A link is the id and the hash of an event.
type link struct {
	id   string
	hash digest
}

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

func linkTo(e storage.AuditEvent) link { return link{id: e.ID, hash: hash(e)} }

func (l link) String() string { return l.id + ":" + encode(l.hash[:]) }

func parseLink(text string) (link, bool) {
	id, code, found := strings.Cut(text, ":")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(code)
	if !found || id == "" || err != nil || len(raw) != sha256.Size {
		return link{}, false
	}
	return link{id: id, hash: digest(raw)}, true
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// A macKey makes and checks MACs under a key of the master key.
type macKey struct {
	id  string
	key []byte
}

func newMACKey(master keys.MasterKey) macKey {
	return macKey{id: encode(master.Derive("audit log key id", 6)), key: master.Derive("audit log", sha256.Size)}
}

func (s macKey) mac(h digest) string {
	m := hmac.New(sha256.New, s.key)
	m.Write(h[:])
	return encode(m.Sum(nil))
}

func (s macKey) verify(e storage.AuditEvent, h digest) bool { return s.fits(h, e.MAC) }

func (s macKey) fits(h digest, mac string) bool {
	return hmac.Equal([]byte(s.mac(h)), []byte(mac))
}
