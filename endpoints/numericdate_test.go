package endpoints_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"example.org/signet/internal/protocoltest"
)

// J13: times are whole seconds (RFC 9068 §2.2); a genuine signature over
// anything else does not make a token count.
func TestFractionalTimes_AreRejected(t *testing.T) {
	s := protocoltest.Start(t, openSQLite)
	now := s.Clock.Now().Unix()
	client, err := s.Store.Client(t.Context(), s.Machine.ID)
	if err != nil {
		t.Fatal(err)
	}
	for times, counts := range map[string]bool{
		fmt.Sprintf(`"iat":%d,"exp":%d`, now, now+100):           true,
		fmt.Sprintf(`"iat":%d,"exp":%d.5`, now, now+100):         false,
		fmt.Sprintf(`"iat":%d.5,"exp":%d`, now, now+100):         false,
		fmt.Sprintf(`"iat":%d,"exp":%d.0`, now, now+100):         false,
		fmt.Sprintf(`"iat":%d,"exp":%d,"nbf":1.5`, now, now+100): false,
		fmt.Sprintf(`"iat":%d,"exp":1e12`, now):                  false,
		fmt.Sprintf(`"iat":%d,"exp":"%d"`, now, now+100):         false,
	} {
		payload := fmt.Sprintf(`{"iss":%q,"sub":"machine","client_id":"machine","aud":%q,"jti":"j","scope":"items:read","client_epoch":%d,%s}`,
			s.Issuer, protocoltest.API, client.Epoch, times)
		token, err := s.Keys.Sign(t.Context(), "at+jwt", json.RawMessage(payload))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Active(t, s.ResourceServer, token); got != counts {
			t.Errorf("%s: active %t, want %t", times, got, counts)
		}
	}
}
