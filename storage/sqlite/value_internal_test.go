package sqlite

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.org/signet/storage"
)

func TestListsRoundTrip(t *testing.T) {
	value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `","`, `\`, `\"`, "[", "]", `["a","b"]`, "<", "\u2028", "\x00"}))
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(value, 1, 5).Draw(t, "list")
		got, err := decodeList(encodeList(list))
		if err != nil || !cmp.Equal(got, list) {
			t.Fatalf("%q is kept as %s and read as %q, %v", list, encodeList(list), got, err)
		}
	})
	for _, none := range [][]string{nil, {}} {
		if got, err := decodeList(encodeList(none)); got != nil || err != nil {
			t.Errorf("no list is read as %#v, %v", got, err)
		}
	}
	for _, broken := range []string{"", "x", "[", `["a"`, `["a",]`, `{"a":1}`, `"a"`, `[1]`, `["\x"]`, "null-ish"} {
		if got, err := decodeList(broken); err == nil {
			t.Errorf("%q is read as %q", broken, got)
		}
	}
}

// The short way of writing a list gives what encoding/json does.
func TestEncodeList_WithoutEscapes_IsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[ -~]{0,4}`), 1, 4).Draw(t, "list")
		var want strings.Builder
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(list); err != nil {
			t.Fatal(err)
		}
		if got := encodeList(list); got+"\n" != want.String() {
			t.Fatalf("%q is written as %s, want %s", list, got, want.String())
		}
	})
}

// The short way of reading a list agrees with the long one, also on lists that
// somebody else wrote.
func TestListsShortWay(t *testing.T) {
	for text, want := range map[string][]string{
		`["a"]`: {"a"}, `["a","b"]`: {"a", "b"}, `["a,b","c"]`: {"a,b", "c"}, `["",""]`: {"", ""}, `["\u0061"]`: {"a"}, `["a", "b"]`: {"a", "b"},
		`["a" ,"b"]`: {"a", "b"}, `[ "a","b" ]`: {"a", "b"},
	} {
		if got, err := decodeList(text); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s is read as %q, %v", text, got, err)
		}
	}
}

func TestTimesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		if got := fromMillis(millis(at)); got != storage.Time(at) {
			t.Fatalf("%v is read as %v, want %v", at, got, storage.Time(at))
		}
	})
	if got := fromMillis(millis(time.Time{})); !got.IsZero() {
		t.Errorf("the zero time is read as %v", got)
	}
}

func TestColumnsRefuseOtherKinds(t *testing.T) {
	var at time.Time
	var list []string
	var bytes []byte
	for _, err := range []error{
		timeColumn{&at}.Scan("now"), timeColumn{&at}.Scan(1.5), listColumn{&list}.Scan(int64(1)), listColumn{&list}.Scan(nil), bytesColumn{&bytes}.Scan("x"),
	} {
		if err == nil {
			t.Error("a column of another kind was read")
		}
	}
}

// Between the prefix and what comes after it lie the texts that begin with it,
// all of them and no others.
func TestPrefixEnd(t *testing.T) {
	bytes := rapid.StringOfN(rapid.RuneFrom([]rune{0, 'a', 'b', '~', 0x7f, 0x80, 0xff, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff}), 1, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		prefix, text := bytes.Draw(t, "prefix"), bytes.Draw(t, "text")
		after, isText := prefixEnd(prefix).(string)
		if !isText {
			t.Fatalf("nothing comes after %q", prefix)
		}
		if within := text >= prefix && text < after; within != strings.HasPrefix(text, prefix) {
			t.Fatalf("%q between %q and %q: %v", text, prefix, after, within)
		}
	})
	if _, isBlob := prefixEnd("\xff\xff").([]byte); !isBlob {
		t.Error("a text comes after the last one")
	}
}

// What no caller should send is kept byte by byte all the same, or it changes
// nothing else.
func TestBytesThatAreNoText(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	for i, v := range []string{"a\x00b", "\x00", "a", "\xff\xfe", "\xed\xa0\x80", "\xc3", "\xff\xff"} {
		session := realisticSession(i)
		session.ID, session.UserID, session.ClientID, session.Reason = v, v, v, v
		if err := s.CreateSession(ctx, session); err != nil {
			t.Fatalf("CreateSession %q: %v", v, err)
		}
		got, err := s.Session(ctx, v)
		if err != nil || !cmp.Equal(got, session) {
			t.Errorf("Session %q: %+v, %v", v, got, err)
		}
		u := storage.User{ID: v, Username: v, Version: 1}
		if err := s.CreateUser(ctx, u); err != nil {
			t.Fatalf("CreateUser %q: %v", v, err)
		}
		if got, err := s.UserByLogin(ctx, v); err != nil || got.ID != v {
			t.Errorf("UserByLogin %q: %q, %v", v, got.ID, err)
		}
		page, err := s.ListUsers(ctx, storage.UserFilter{Prefix: v}, storage.Page{})
		if err != nil || len(page.Users) == 0 || page.Users[0].ID != v {
			t.Errorf("ListUsers %q: %+v, %v", v, page, err)
		}
	}
	if n, err := s.RevokeAll(ctx, storage.SessionFilter{UserID: "a\x00b"}, start, "test"); n != 1 || err != nil {
		t.Errorf("RevokeAll: %d, %v", n, err)
	}
}

// A row that cannot be read is ErrUnavailable, and the next one is fine.
func TestUnreadableRow(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	for _, name := range []string{"broken", "fine"} {
		if err := s.CreateRole(ctx, storage.Role{Name: name, Rank: math.MaxInt64}); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, s, "UPDATE roles SET scopes = 'no list' WHERE name = 'broken'")
	if _, err := s.Role(ctx, "broken"); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Role: got %v, want ErrUnavailable", err)
	}
	if _, err := s.ListRoles(ctx); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("ListRoles: got %v, want ErrUnavailable", err)
	}
	if _, err := s.Role(ctx, "fine"); err != nil {
		t.Errorf("Role: %v", err)
	}
	if _, err := s.UpdateRole(ctx, storage.Role{Name: "fine", Version: 1}); err != nil {
		t.Errorf("UpdateRole: %v", err)
	}
}

func TestWordsRoundTrip(t *testing.T) {
	for _, list := range [][]string{
		nil, {}, {"user"}, {"editor", "user"}, {""}, {"", ""}, {"a b"}, {"a", "b c"}, {"[a]"}, {"[", "x"}, {"a\"b", "'"}, {" "}, {"x", ""},
	} {
		var got []string
		if err := (wordsColumn{&got}).Scan(encodeWords(list)); err != nil || !slices.Equal(got, list) || len(list) == 0 && got != nil {
			t.Errorf("%q became %q by way of %q: %v", list, got, encodeWords(list), err)
		}
	}
	if text := encodeWords([]string{"editor", "user"}); text != "editor user" {
		t.Errorf("plain words are kept as %q", text)
	}
}
