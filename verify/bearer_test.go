package verify_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.org/signet/verify"
)

// A form body with a token beside the header's is refused; any other body reaches
// the handler whole.
func TestFormBodies(t *testing.T) {
	server, _, recorder := protectedServer(t, func(v *verify.Verifier) http.Handler { return v.Middleware(whoami) })
	const form = "application/x-www-form-urlencoded"
	long := "name=" + strings.Repeat("x", 200<<10)
	tests := []struct {
		name, kind, body string
		status           int
	}{
		{"form with a token", form, "a=b&access_token=x", 400},
		{"form with a token, with charset", form + "; charset=UTF-8", "access_token=x", 400},
		{"form with an empty token", form, "access_token=", 400},
		{"form", form, "name=value&b=c", 200},
		{"empty form", form, "", 200},
		{"long form", form, long, 200},
		{"broken form", form, "%zz&;=", 200},
		{"JSON", "application/json", `{"access_token":"x"}`, 200},
		{"no type", "", "access_token=x", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.kind)
			r.Header.Set("Authorization", "Bearer "+goodToken())
			resp, body := call(t, server, r)
			if resp.StatusCode != tt.status {
				t.Fatalf("%d %s", resp.StatusCode, body)
			}
			if tt.status == 200 && !strings.HasSuffix(body, " "+tt.body) {
				t.Errorf("the handler got %d bytes of %d", len(body), len(tt.body))
			}
			if tt.status == 400 && !errors.Is(recorder.last(), verify.ErrInvalidRequest) {
				t.Errorf("got %v", recorder.last())
			}
		})
	}
}

// Without a token in the header, the body is not even looked at.
func TestFormBody_WithoutValidToken_IsNotRead(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	for _, authorization := range []string{"", "Bearer garbage"} {
		body := &countingReader{Reader: strings.NewReader("access_token=x")}
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		v.Middleware(whoami).ServeHTTP(w, r)
		if w.Code != 401 || body.reads != 0 {
			t.Errorf("%d after %d reads", w.Code, body.reads)
		}
	}
}

type countingReader struct {
	io.Reader
	reads int
}

func (r *countingReader) Read(p []byte) (int, error) { r.reads++; return r.Reader.Read(p) }

// A handler in front may have parsed the form or limited the body.
func TestFormParsedOrLimitedBefore(t *testing.T) {
	v := newVerifier(t, config(newHost(t, rsaKey())))
	post := func(body string, before func(http.ResponseWriter, *http.Request), next http.HandlerFunc) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+goodToken())
		w := httptest.NewRecorder()
		before(w, r)
		v.Middleware(next).ServeHTTP(w, r)
		return w
	}
	parse := func(_ http.ResponseWriter, r *http.Request) { r.ParseForm() }
	if w := post("access_token=x", parse, whoami.ServeHTTP); w.Code != 400 {
		t.Errorf("parsed before: %d", w.Code)
	}
	if w := post("a=b", parse, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.PostFormValue("a")) }); w.Body.String() != "b" {
		t.Errorf("parsed before, then read: %q", w.Body)
	}
	limit := func(w http.ResponseWriter, r *http.Request) { r.Body = http.MaxBytesReader(w, r.Body, 5) }
	post("a=bcdefghijk", limit, func(_ http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		var tooLarge *http.MaxBytesError
		if string(got) != "a=bcd" || !errors.As(err, &tooLarge) {
			t.Errorf("behind a limit the handler reads %q, %v", got, err)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	})
	post("a=b", func(http.ResponseWriter, *http.Request) {}, func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.PostFormValue("a") != "b" {
			t.Errorf("form %v, %v", r.PostForm, err)
		}
	})
}
