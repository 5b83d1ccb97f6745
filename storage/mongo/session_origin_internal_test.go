package mongo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"example.org/signet/storage"
)

// Whatever a session of a browser holds, its document gives it back.
func TestSessionDocRoundTrip(t *testing.T) {
	texts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom(commonTexts), rapid.StringMatching(`https://[a-z]{0,80}`)), 0, 5)
	ids := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-z0-9_-]{43}`), rapid.StringMatching(`[A-Za-z0-9_-]{22}`))
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "created")).UTC()
		want := storage.Session{
			ID: "s", Generation: rapid.Int64Range(-1, 2).Draw(t, "generation"), CreatedAt: at, AuthTime: at.Add(-time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "before")) * time.Millisecond),
			Scopes: nilIfEmpty(texts.Draw(t, "scopes")), Audience: nilIfEmpty(texts.Draw(t, "audience")), AMR: rapid.OneOf(rapid.Just([]string(nil)), rapid.Just([]string{"pwd"}), rapid.Map(texts, nilIfEmpty[string])).Draw(t, "amr"), Claims: nilIfEmpty(texts.Draw(t, "claims")),
			Device: rapid.String().Draw(t, "device"), Network: rapid.String().Draw(t, "network"), BrowserID: ids.Draw(t, "browser"), LoginBound: rapid.Bool().Draw(t, "bound"),
			CodeCheck: ids.Draw(t, "check"), CodePKCE: rapid.Bool().Draw(t, "pkce"),
			Code: storage.Code{Nonce: rapid.String().Draw(t, "nonce"), Failures: rapid.Int64Range(0, 3).Draw(t, "failures")},
		}
		raw, err := bson.Marshal(newSessionDoc(want))
		if err != nil {
			t.Fatal(err)
		}
		var doc sessionDoc
		if err := bson.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, doc.record()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A login with a password has the document that earlier programs gave it, and reads it, so
// that they go on together while an installation is upgraded.
func TestPasswordSessionHasTheEarlierDocument(t *testing.T) {
	at := time.UnixMilli(1 << 40).UTC()
	want := storage.Session{ID: "s", Scopes: []string{"openid"}, Audience: []string{"api"}, AMR: []string{"pwd"}, CreatedAt: at, AuthTime: at, Roles: []string{"user"}}
	raw, err := bson.Marshal(newSessionDoc(want))
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	elements, _ := bson.Raw(raw).Elements()
	for _, e := range elements {
		fields = append(fields, e.Key())
	}
	if got := strings.Join(fields, " "); got != "_id user_id client_id scopes audience generation rotated_at created_at expires_at user_epoch client_epoch status_index revoked_at" {
		t.Errorf("fields %s", got)
	}
	var doc sessionDoc
	if err := bson.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, doc.record()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The number of a text is in the documents: it must stay what it is.
func TestCommonTextsStayInTheirPlaces(t *testing.T) {
	if got := strings.Join(commonTexts, " "); got != "openid profile email phone address offline_access pwd otp mfa hwk" {
		t.Errorf("texts %s: add new ones at the end, and here", got)
	}
	if len(commonTexts) > textHTTPS {
		t.Errorf("%d texts, at most %d", len(commonTexts), textHTTPS)
	}
}

// A value that no program of Signet wrote is an error, never a session of other rights.
func FuzzSessionOrigin(f *testing.F) {
	_, whole, err := newSessionOrigin(storage.Session{
		Scopes: []string{"openid", "items:read"}, Audience: []string{"https://api.example.com"}, AMR: []string{"pwd"}, Device: "d", Network: "n",
		CodeCheck: strings.Repeat("c", 21) + "g",
	}).MarshalBSONValue()
	if err != nil {
		f.Fatal(err)
	}
	data := whole[5:] // after the length and the subtype
	for n := range data {
		f.Add(data[:n])
	}
	f.Add(data)
	f.Add(append([]byte{2}, data[1:]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, value, err := bson.MarshalValue(bson.Binary{Data: data})
		if err != nil {
			t.Fatal(err)
		}
		var o sessionOrigin
		if o.UnmarshalBSONValue(byte(kind), value) != nil {
			return
		}
		again := sessionOrigin{}
		kind2, value, err := o.MarshalBSONValue()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalBSONValue(kind2, value); err != nil || !cmp.Equal(o, again, cmp.AllowUnexported(sessionOrigin{})) {
			t.Fatalf("%+v is %+v when written again, %v", o, again, err)
		}
	})
}
