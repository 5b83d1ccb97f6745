package issuer

import (
	"context"
	"errors"
	"slices"

	"example.org/signet/issuer/status"
	"example.org/signet/storage"
)

// rightsRecorder keeps in a session's record what its tokens may say.
type rightsRecorder struct {
	store interface {
		Session(ctx context.Context, id string) (storage.Session, error)
		UpdateRights(ctx context.Context, u storage.RightsUpdate) (storage.Session, error)
	}
	statusLists *status.Lists
}

// maxUpdateAttempts bounds how often a lost compare-and-swap is tried again.
const maxUpdateAttempts = 10

// update records what the session's tokens may say from now on, if that is not
// what the newest one says. Where something was taken away, the session moves
// to a new place in the status lists and the old one is set, so that verifiers
// refuse the tokens that still say it; so it does where its place was retired. Before
// the signature, so that a crash leaves no token that nobody knows of.
//
// The session as returned says what the tokens may say: less than was asked for where
// rights were taken away meanwhile.
func (rr rightsRecorder) update(ctx context.Context, s storage.Session, roles []string, granted rights) (storage.Session, error) {
	denied, audiences := granted.denied, granted.deniedAudiences
	for range maxUpdateAttempts {
		reduced := s.StatusRetired || len(without(s.Roles, roles)) > 0 || len(without(denied, s.DeniedScopes)) > 0 ||
			len(without(audiences, s.DeniedAudiences)) > 0
		same := slices.Equal(roles, s.Roles) && slices.Equal(denied, s.DeniedScopes) && slices.Equal(audiences, s.DeniedAudiences)
		if !reduced && same && s.StatusIndex > 0 {
			return s, nil
		}
		r, err := rr.next(ctx, s, reduced)
		if err != nil {
			return storage.Session{}, unavailable(err)
		}
		r.Roles, r.DeniedScopes, r.DeniedAudiences = roles, denied, audiences
		updated, err := rr.store.UpdateRights(ctx, r)
		if err == nil {
			return updated, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return storage.Session{}, unavailable(err)
		}
		if s, err = rr.reload(ctx, s.ID); err != nil {
			return storage.Session{}, err
		}
		if s.StatusRetired { // what was read before it may hold no more
			roles, denied, audiences = intersect(roles, s.Roles), union(denied, s.DeniedScopes), union(audiences, s.DeniedAudiences)
		}
	}
	return storage.Session{}, unavailable(errSessionChanged)
}

// next returns the session's next place, which is the same one unless rights were
// taken away. A record has room for one place that is still to be set; an earlier
// one is set here and now.
func (rr rightsRecorder) next(ctx context.Context, s storage.Session, reduced bool) (storage.RightsUpdate, error) {
	r := storage.RightsUpdate{SessionID: s.ID, From: s.RightsVersion, StatusIndex: s.StatusIndex, RetiredIndex: s.RetiredIndex}
	if !reduced && s.StatusIndex > 0 {
		return r, nil
	}
	if s.RetiredIndex > 0 {
		if err := rr.statusLists.Publish(ctx, s.RetiredIndex); err != nil {
			return r, err
		}
	}
	var err error
	r.RetiredIndex = s.StatusIndex
	r.StatusIndex, err = rr.statusLists.Next(ctx)
	return r, err
}

// reload reads a session that changed between two steps of a refresh.
func (rr rightsRecorder) reload(ctx context.Context, id string) (storage.Session, error) {
	s, err := rr.store.Session(ctx, id)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s, errInvalidRefreshToken
	case err != nil:
		return s, unavailable(err)
	case !s.RevokedAt.IsZero():
		return s, errInvalidRefreshToken
	}
	return s, nil
}
