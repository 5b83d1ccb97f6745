package main

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
)

// request is an OP_MSG with a whole document.
func request(doc bson.D) []byte {
	m := make([]byte, headerSize+4+1)
	binary.LittleEndian.PutUint32(m[4:], 7)
	binary.LittleEndian.PutUint32(m[12:], opMsg)
	return replaceDocument(m, len(m), doc)
}

func lookup(t *testing.T, m []byte, field string) any {
	t.Helper()
	var doc bson.M
	if err := bson.Unmarshal(m[documentStart(m):], &doc); err != nil {
		t.Fatal(err)
	}
	if n := binary.LittleEndian.Uint32(m); int(n) != len(m) {
		t.Errorf("length %d of a message of %d bytes", n, len(m))
	}
	return doc[field]
}

func TestDescribe_PutsTheRoleIntoHello(t *testing.T) {
	answer := request(bson.D{{Key: "ismaster", Value: true}, {Key: "maxWireVersion", Value: int32(21)}, {Key: "ok", Value: 1.0}})
	if got := (role{addr: "h:1"}).describe(bytes.Clone(answer)); !bytes.Equal(got, answer) {
		t.Errorf("a standalone server's answer was changed: %q", got)
	}
	set := role{set: "rs0", addr: "127.0.0.1:4711"}.describe(bytes.Clone(answer))
	for field, want := range map[string]any{"setName": "rs0", "primary": "127.0.0.1:4711", "me": "127.0.0.1:4711", "ismaster": true} {
		if got := lookup(t, set, field); got != want {
			t.Errorf("%s: %v, want %v", field, got, want)
		}
	}
	second := role{set: "rs0", secondary: true, wire: 8, login: true, addr: "h:1"}.describe(bytes.Clone(answer))
	for field, want := range map[string]any{"primary": nil, "ismaster": false, "secondary": true, "maxWireVersion": int32(8)} {
		if got := lookup(t, second, field); got != want {
			t.Errorf("%s: %v, want %v", field, got, want)
		}
	}
}

// talk plays a login and returns the code of the last answer, 0 for success.
func talk(t *testing.T, v *visit, user, password string) any {
	t.Helper()
	client, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		t.Fatal(err)
	}
	conversation, name, payload := client.NewConversation(), "saslStart", ""
	for {
		text, err := conversation.Step(payload)
		if err != nil {
			t.Fatal(err)
		}
		answer := v.intercept(request(bson.D{{Key: name, Value: int32(1)}, {Key: "payload", Value: primitive.Binary{Data: []byte(text)}}}))
		if code := lookup(t, answer, "code"); code != nil {
			return code
		}
		if conversation.Done() {
			return nil
		}
		got, _ := lookup(t, answer, "payload").(primitive.Binary)
		name, payload = "saslContinue", string(got.Data)
	}
}

func TestLogin(t *testing.T) {
	a, err := newAccounts("signet", "right", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, password string
		want           any
	}{{"signet", "right", nil}, {"signet", "wrong", int32(authenticationFailed)}, {"other", "right", int32(authenticationFailed)}} {
		v := &visit{accounts: a}
		if code := lookup(t, v.intercept(request(bson.D{{Key: "find", Value: "x"}})), "code"); code != int32(unauthorized) {
			t.Errorf("before the login: code %v", code)
		}
		if got := talk(t, v, c.user, c.password); got != c.want {
			t.Errorf("%s %s: code %v, want %v", c.user, c.password, got, c.want)
		}
		if passes := v.intercept(request(bson.D{{Key: "find", Value: "x"}})) == nil; passes != (c.want == nil) {
			t.Errorf("%s %s: a command passes afterwards: %t", c.user, c.password, passes)
		}
	}
}

func TestReadOnlyRefusesWrites(t *testing.T) {
	v := &visit{accounts: &accounts{readOnly: true}}
	for name, want := range map[string]bool{"find": true, "hello": true, "insert": false, "createIndexes": false, "getMore": true} {
		if passes := v.intercept(request(bson.D{{Key: name, Value: int32(1)}})) == nil; passes != want {
			t.Errorf("%s passes: %t, want %t", name, passes, want)
		}
	}
}
