package factor

import (
	"context"

	"example.org/signet/storage"
)

// Reseal seals every seed under the newest master key, and returns how many it has changed. It may
// be cut anywhere and repeated; a seed that is used meanwhile is sealed anew by that.
func (s *Service) Reseal(ctx context.Context) (resealed int, err error) {
	p := storage.Page{Limit: storage.MaxPage}
	for {
		page, err := s.store.ListUserFactors(ctx, p)
		if err != nil {
			return resealed, err
		}
		for _, f := range page.Factors {
			changed, err := s.resealOne(ctx, storage.User{ID: f.UserID, CreatedAt: f.UserCreatedAt})
			if err != nil {
				return resealed, err
			}
			if changed {
				resealed++
			}
		}
		if page.Next == "" {
			return resealed, nil
		}
		p.After = page.Next
	}
}

func (s *Service) resealOne(ctx context.Context, u storage.User) (changed bool, err error) {
	err = s.change(ctx, u, func(f *storage.UserFactors) error {
		if changed = false; f.TOTP == nil {
			return errUnchanged
		}
		_, sealed, err := s.open(ctx, u, f.TOTP.Sealed)
		if err != nil {
			return err
		}
		if sealed == f.TOTP.Sealed {
			return errUnchanged
		}
		f.TOTP.Sealed, changed = sealed, true
		return nil
	})
	return changed && err == nil, err
}
