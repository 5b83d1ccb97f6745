package mongo

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// sessionOrigin is what never changes of a session that began with an authorization code. It
// lies in the document as one binary value, since each field of its own would cost a name and a length:
//
//	version ‖ flags ‖ code check ‖ AuthTime ‖ scopes ‖ audience ‖ AMR ‖ claims ‖ device ‖ network
//
// Numbers are varints. A list is its length and its texts. A text is a number: below
// textBase the text that commonTexts has there, but for textHTTPS: "https://" and the text
// that follows; else textBase + the number of bytes that follow.
type sessionOrigin struct {
	scopes, audience, amr, claims []string
	device, network               string
	authTime                      int64 // in Unix milliseconds
	codeCheck                     string
	codePKCE                      bool
}

const (
	originVersion = 1

	flagPKCE     = 1 << 0 // codePKCE
	flagRawCheck = 1 << 1 // the code check is checkSize bytes, not a text

	checkSize = 16
	textBase  = 64
	textHTTPS = textBase - 1 // the most texts that commonTexts may ever have
)

// commonTexts are texts that most sessions have. The number of a text never changes: new
// ones go to the end.
var commonTexts = []string{"openid", "profile", "email", "phone", "address", "offline_access", "pwd", "otp", "mfa", "hwk"}

const httpsPrefix = "https://"

var errOrigin = errors.New("the field made of a session cannot be read")

func newSessionOrigin(s storage.Session) *sessionOrigin {
	return &sessionOrigin{
		scopes: s.Scopes, audience: s.Audience, amr: s.AMR, claims: s.Claims, device: s.Device, network: s.Network,
		authTime: storage.Time(s.AuthTime).UnixMilli(), codeCheck: s.CodeCheck, codePKCE: s.CodePKCE,
	}
}

// addTo puts the fields into a session.
func (o *sessionOrigin) addTo(s *storage.Session) {
	s.Scopes, s.Audience, s.AMR, s.Claims, s.Device, s.Network = o.scopes, o.audience, o.amr, o.claims, o.device, o.network
	s.CodeCheck, s.CodePKCE = o.codeCheck, o.codePKCE
	s.AuthTime = time.UnixMilli(o.authTime).UTC()
}

// MarshalBSONValue implements [bson.ValueMarshaler].
func (o *sessionOrigin) MarshalBSONValue() (byte, []byte, error) {
	var flags byte
	if o.codePKCE {
		flags |= flagPKCE
	}
	check, raw := fromBase64(o.codeCheck, checkSize)
	if raw {
		flags |= flagRawCheck
	} else {
		check = appendText(nil, o.codeCheck)
	}
	data := append([]byte{originVersion, flags}, check...)
	data = binary.AppendVarint(data, o.authTime)
	for _, list := range [][]string{o.scopes, o.audience, o.amr, o.claims} {
		data = binary.AppendUvarint(data, uint64(len(list)))
		for _, text := range list {
			data = appendText(data, text)
		}
	}
	data = appendText(appendText(data, o.device), o.network)
	kind, value, err := bson.MarshalValue(bson.Binary{Data: data})
	return byte(kind), value, err
}

func appendText(data []byte, text string) []byte {
	if n := slices.Index(commonTexts, text); n >= 0 {
		return binary.AppendUvarint(data, uint64(n))
	}
	if rest, https := strings.CutPrefix(text, httpsPrefix); https {
		data, text = append(data, textHTTPS), rest
	}
	return append(binary.AppendUvarint(data, uint64(textBase+len(text))), text...)
}

// UnmarshalBSONValue implements [bson.ValueUnmarshaler].
func (o *sessionOrigin) UnmarshalBSONValue(kind byte, value []byte) error {
	_, data, ok := bson.RawValue{Type: bson.Type(kind), Value: value}.BinaryOK()
	if !ok || len(data) < 2 || data[0] != originVersion {
		return errOrigin
	}
	r := originReader{data: data[2:]}
	o.codePKCE = data[1]&flagPKCE != 0
	if data[1]&flagRawCheck != 0 {
		o.codeCheck = base64.RawURLEncoding.EncodeToString(r.bytes(checkSize))
	} else {
		o.codeCheck = r.text()
	}
	o.authTime = r.varint()
	o.scopes, o.audience, o.amr, o.claims = r.list(), r.list(), r.list(), r.list()
	o.device, o.network = r.text(), r.text()
	if r.failed || len(r.data) > 0 {
		return errOrigin
	}
	return nil
}

// originReader reads what is left of the data. After a failure it returns zero values.
type originReader struct {
	data   []byte
	failed bool
}

func (r *originReader) fail() { r.data, r.failed = nil, true }

func (r *originReader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail()
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *originReader) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *originReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *originReader) text() string {
	prefix, n := "", r.uvarint()
	if n == textHTTPS {
		prefix, n = httpsPrefix, r.uvarint()
	}
	switch {
	case r.failed:
		return ""
	case n >= textBase:
		return prefix + string(r.bytes(n-textBase))
	case n >= uint64(len(commonTexts)), prefix != "":
		r.fail()
		return ""
	}
	return commonTexts[n]
}

func (r *originReader) list() []string {
	n := r.uvarint()
	if n > uint64(len(r.data)) { // each text has a byte at least
		r.fail()
		return nil
	}
	var texts []string
	for range n {
		texts = append(texts, r.text())
	}
	return texts
}

// fromBase64 decodes text where it is the one spelling of that many bytes in base64url.
func fromBase64(text string, size int) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return raw, err == nil && len(raw) == size && base64.RawURLEncoding.EncodeToString(raw) == text
}

// The subtypes of a reference to a browser session.
const (
	refRaw  = 0x00 // refSize bytes: the id is their base64url
	refText = 0x80 // the id as it is
	refSize = 32
)

// newBrowserRef is the id of a browser session as the sessions refer to it; nil for none.
func newBrowserRef(id string) *bson.Binary {
	if id == "" {
		return nil
	}
	if raw, ok := fromBase64(id, refSize); ok {
		return &bson.Binary{Subtype: refRaw, Data: raw}
	}
	return &bson.Binary{Subtype: refText, Data: []byte(id)}
}

func browserID(ref *bson.Binary) string {
	switch {
	case ref == nil:
		return ""
	case ref.Subtype == refText:
		return string(ref.Data)
	}
	return base64.RawURLEncoding.EncodeToString(ref.Data)
}
