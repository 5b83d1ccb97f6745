package protocoltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
	"example.org/signet/storage"
)

var givenIDCases = []testCase{
	{name: "A03 an id that was brought along is an id", configure: mergedAdmin, run: testGivenID},
	{name: "A03 no user and no client have one id", configure: mergedAdmin, run: testSubjectOfTwo},
	{name: "A03 a user and a client of one id, at the same moment", run: testSubjectRace},
}

// givenID is a UUID of version 4, as other user stores have them.
const givenID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"

func (s *Signet) addGiven(ctx context.Context, name, id string) (User, error) {
	p := User{Username: name, Password: s.NewSecret("pass word")}
	u, err := s.operator().Users().Create(ctx, admin.NewUser{ID: id, Username: name, Password: issuer.Secret(p.Password)})
	p.ID = u.ID
	return p, err
}

func testGivenID(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	given, err := s.addGiven(t.Context(), "given", "F47AC10B-58CC-4372-A567-0E02B2C3D479")
	must(t, err)
	if given.ID != givenID {
		t.Errorf("id %q", given.ID)
	}
	tokens := s.Login(t, f.Portal, given, "openid signet:account")
	if sub := claims(t, tokens.Access)["sub"]; sub != givenID {
		t.Errorf("sub %v", sub)
	}
	tokens = s.Refresh(t, f.Portal, tokens.Refresh)
	for _, path := range []string{Me, Users + "/" + givenID, Users + "/" + givenID + "/sessions", Sessions + "?user_id=" + givenID, Audit + "?actor=" + givenID} {
		who := f.admin
		if path == Me {
			who = Bearer(tokens.Access)
		}
		a := s.JSON("GET", path, nil, who).ExpectStatus(t, http.StatusOK)
		if items, is := a.Object(t)["items"].([]any); is && len(items) == 0 {
			t.Errorf("%s lists nothing", path)
		}
	}
	s.JSON("DELETE", Users+"/"+givenID, nil, f.admin).ExpectStatus(t, http.StatusNoContent)
	if s.Active(t, f.Portal, tokens.Access) {
		t.Error("a token of the deleted user is active")
	}
	// Over HTTP nobody brings one along.
	s.JSON("POST", Users, Object{"username": "x", "id": givenID}, f.superAdmin).ExpectProblem(t, 422, "invalid_field")
	for _, id := range []string{"7", "f47ac10b58cc4372a5670e02b2c3d479", givenID + " ", "../users"} {
		_, err := s.addGiven(t.Context(), "x", id)
		expectFieldError(t, err, "id")
	}
}

func expectDuplicate(t *testing.T, err error, field string) {
	t.Helper()
	var taken *storage.DuplicateError
	if !errors.As(err, &taken) || taken.Field != field {
		t.Errorf("%v, want %s to be taken", err, field)
	}
}

func testSubjectOfTwo(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	_, err := s.addGiven(t.Context(), "given", givenID)
	must(t, err)
	for _, id := range []string{givenID, "F47AC10B-58CC-4372-A567-0E02B2C3D479"} {
		s.JSON("POST", Clients, Object{"client_id": id}, f.superAdmin).ExpectProblem(t, http.StatusConflict, "duplicate", "client_id")
	}
	_, err = s.addGiven(t.Context(), "other", givenID)
	expectDuplicate(t, err, "id")

	const client = "7b0a2a54-53c1-4d5e-9d2b-0a8d1f8f2b11"
	a := s.JSON("POST", Clients, Object{"client_id": client}, f.superAdmin).ExpectStatus(t, http.StatusCreated)
	s.Log.MarkSecret(a.Object(t)["client_secret"].(string))
	_, err = s.addGiven(t.Context(), "other", client)
	expectDuplicate(t, err, "id")
	if _, err := s.operator().Users().Find(t.Context(), "other"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("a refused user was left behind: %v", err)
	}
}

// testSubjectRace: of a user and a client that are created with one id at the same
// moment at most one stays, whoever was told what.
func testSubjectRace(t *testing.T, s *Signet) {
	for n := range rounds(10, 200) {
		id := fmt.Sprintf("f47ac10b-58cc-4372-a567-%012x", n)
		var userErr, clientErr error
		var both sync.WaitGroup
		both.Go(func() { _, userErr = s.addGiven(t.Context(), fmt.Sprintf("user-%d", n), id) })
		both.Go(func() {
			_, clientErr = s.operator().Clients().Create(t.Context(), admin.NewClient{ID: id, Public: true})
		})
		both.Wait()
		_, noUser := s.backend.User(t.Context(), id)
		_, noClient := s.backend.Client(t.Context(), id)
		if noUser == nil && noClient == nil || (userErr == nil) != (noUser == nil) || (clientErr == nil) != (noClient == nil) {
			t.Fatalf("user: %v, %v; client: %v, %v", userErr, noUser, clientErr, noClient)
		}
		for _, err := range []error{userErr, clientErr} {
			var taken *storage.DuplicateError
			if err != nil && !errors.As(err, &taken) {
				t.Errorf("%v, want a duplicate", err)
			}
		}
	}
}
