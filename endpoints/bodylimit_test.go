package endpoints_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// endlessForm is an unbounded body: one parameter that no endpoint reads.
type endlessForm struct{ begun bool }

func (f *endlessForm) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	if !f.begun && len(b) > 1 {
		b[1], f.begun = '=', true
	}
	return len(b), nil
}

// T09: of a body without end no more is read, and no more memory taken, than
// the limit allows, at every endpoint that takes one.
func TestUnboundedBody_IsCutOff(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	for _, path := range []string{protocoltest.Token, protocoltest.DeviceAuthorization, protocoltest.Introspect, protocoltest.Revoke, protocoltest.UserInfo} {
		r := httptest.NewRequest(http.MethodPost, path, &endlessForm{})
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		before := allocated()
		s.Handler.ServeHTTP(w, r)
		if taken := allocated() - before; w.Code != http.StatusRequestEntityTooLarge || taken > 2<<20 {
			t.Errorf("%s: status %d, %d bytes taken", path, w.Code, taken)
		}
	}
}

// allocated is how many bytes the program has taken so far, freed or not.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
