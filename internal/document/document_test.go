package document_test

import (
	"testing"
	"time"

	"example.org/signet/internal/document"
)

func TestNew_TagFollowsBody(t *testing.T) {
	a, b := document.New("text/plain", []byte("a"), time.Minute), document.New("text/plain", []byte("b"), time.Minute)
	if a.ETag == b.ETag || a.ETag != document.New("text/html", []byte("a"), time.Hour).ETag {
		t.Errorf("tags %s and %s", a.ETag, b.ETag)
	}
	if longer := a.WithMaxAge(time.Hour); longer.ETag != a.ETag || longer.MaxAge != time.Hour || a.MaxAge != time.Minute {
		t.Errorf("%v with another max-age is %v", a, longer)
	}
}

func TestMatches(t *testing.T) {
	d := document.New("text/plain", []byte("a"), time.Minute)
	for _, c := range []struct {
		header []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{`"other"`}, false},
		{[]string{d.ETag[1:]}, false},
		{[]string{d.ETag}, true},
		{[]string{"W/" + d.ETag}, true},
		{[]string{"*"}, true},
		{[]string{`"other" , ` + d.ETag}, true},
		{[]string{`"other"`, `W/"x",` + d.ETag}, true},
	} {
		if got := d.Matches(c.header); got != c.want {
			t.Errorf("If-None-Match %q: %t, want %t", c.header, got, c.want)
		}
	}
}
