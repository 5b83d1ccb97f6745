package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"example.org/signet/internal/failpoint"
	"example.org/signet/issuer/account"
	"example.org/signet/issuer/audit"
	"example.org/signet/issuer/authorization"
	"example.org/signet/issuer/epoch"
	"example.org/signet/issuer/factor"
	"example.org/signet/issuer/role"
	"example.org/signet/issuer/upstream"
	"example.org/signet/storage"
)

// linked is somebody at another provider, and who they are here.
type linked struct {
	conn storage.Connector
	who  upstream.Identity
	link storage.UserLink
	user storage.User
}

// enterByAccount signs in whoever has the account. Where nobody has it, and no rule says whose it
// is, the login page asks to sign in here once.
func (s *SignIn) enterByAccount(ctx context.Context, v *visit, conn storage.Connector, who upstream.Identity, remember bool) (Outcome, error) {
	l, err := s.findLinked(ctx, v, conn, who)
	if err != nil {
		return Outcome{}, err
	}
	if l == nil {
		return s.askToLink(ctx, v, conn, who)
	}
	if l.user.Disabled {
		return s.upstreamRefused(ctx, v, conn, l.user.ID, "the user is disabled")
	}
	if err := s.recomputeRoles(ctx, v, l); err != nil {
		if errors.Is(err, storage.ErrNotFound) { // unlinked or deleted meanwhile
			return s.askAgain(ctx, v, &Error{}, ProblemUpstreamExpired)
		}
		return Outcome{}, StoreError(err)
	}
	return s.enterLinked(ctx, v, l, remember)
}

// enterLinked counts the attempt as one with a password, asks for the second factor where one is
// due, and completes the login else.
func (s *SignIn) enterLinked(ctx context.Context, v *visit, l *linked, remember bool) (Outcome, error) {
	t, err := s.login.throttler.Count(ctx, Attempt{Kind: AttemptLogin, Account: l.user.ID, Target: l.user.ID, Client: v.client.ID, Info: v.in.Info})
	if err != nil {
		return s.loginRefused(ctx, v, err)
	}
	defer t.Release(ctx)
	factors, err := s.factors.Of(ctx, l.user)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	methods := upstream.Methods(l.conn, l.who)
	if factor.Any(factors) && levelOf(methods) < authorization.Level2FA {
		if err := t.GiveBack(ctx); err != nil {
			return s.loginRefused(ctx, v, err)
		}
		return s.askAfter(ctx, v, l.user, methods, remember)
	}
	before := *v
	o, err := s.complete(ctx, v, authentication{
		user: l.user, methods: methods, at: v.now, remember: remember, detail: upstreamDetail(l.conn), record: t.Record,
	})
	if err != nil {
		return s.loginRefused(ctx, &before, err)
	}
	return o, nil
}

// findLinked returns the user who has the account: by the link that there is, by the address, or
// a new one. It returns nil where nobody has it.
func (s *SignIn) findLinked(ctx context.Context, v *visit, conn storage.Connector, who upstream.Identity) (*linked, error) {
	for range linkTries {
		l := &linked{conn: conn, who: who}
		var err error
		l.link, err = s.upstream.store.UserLink(ctx, who.LinkID())
		switch {
		case errors.Is(err, storage.ErrNotFound):
			l.link, err = s.newLink(ctx, v, conn, who)
			if errors.Is(err, errLinkTaken) {
				continue
			}
			if err != nil || l.link.ID == "" {
				return nil, err
			}
		case err != nil:
			return nil, unavailable(err)
		}
		again, err := s.readLinked(ctx, v, l)
		switch {
		case err != nil:
			return nil, err
		case l.user.ID != "":
			return l, nil
		case !again:
			return nil, nil
		}
	}
	return nil, unavailable(errContendedLink)
}

// readLinked reads the user of a link, and makes one that is still to be made. A link that is of
// no meaning is removed, and again says to look anew. No user is left in l where the new one cannot
// be made.
func (s *SignIn) readLinked(ctx context.Context, v *visit, l *linked) (again bool, err error) {
	u, _, err := s.epochs.UserInEpoch(ctx, l.link.UserID)
	switch {
	case err == nil && storage.Time(u.CreatedAt).Equal(l.link.UserCreatedAt):
		l.user = u
		return false, nil
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return false, unavailable(err)
	case err != nil && l.link.Creating:
		return s.readCreated(ctx, v, l)
	}
	return true, s.removeLink(ctx, l.link)
}

// readCreated makes the user of a link. Where others do so at the same moment the name or the id
// is found taken, so that it is looked at anew.
func (s *SignIn) readCreated(ctx context.Context, v *visit, l *linked) (again bool, err error) {
	l.user, err = s.createLinked(ctx, v, l)
	if err == nil {
		return false, nil
	}
	var taken *storage.DuplicateError
	var refused *FieldError
	switch l.user = (storage.User{}); {
	case errors.Is(err, storage.ErrNotFound), errors.As(err, &taken) && taken.Field != "email":
		return true, nil
	case taken != nil:
		other, err := s.userByAddress(ctx, l.who)
		if err != nil || other == nil || other.ID == l.link.UserID {
			return true, err
		}
		return false, s.removeLink(ctx, l.link) // the address is another user's
	case errors.As(err, &refused):
		return false, s.removeLink(ctx, l.link)
	}
	return false, StoreError(err)
}

// removeLink removes a link that nobody has changed meanwhile.
func (s *SignIn) removeLink(ctx context.Context, l storage.UserLink) error {
	err := s.upstream.store.DeleteUserLink(ctx, l.ID, l.Version)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrConflict) {
		return nil
	}
	return unavailableOrNil(err)
}

// newLink links the account to the user who has its address, where the rules let the address
// decide, or to a user who is then made. The zero link says that neither may be.
func (s *SignIn) newLink(ctx context.Context, v *visit, conn storage.Connector, who upstream.Identity) (storage.UserLink, error) {
	u, err := s.userByAddress(ctx, who)
	if err != nil {
		return storage.UserLink{}, err
	}
	link := storage.UserLink{
		ID: who.LinkID(), Issuer: who.Issuer, Subject: who.Subject, ConnectorID: conn.ID, Email: who.Email, Name: who.Name, CreatedAt: v.now,
	}
	known, err := s.hasOtherAccount(ctx, u, who)
	if err != nil {
		return storage.UserLink{}, err
	}
	switch {
	case u != nil && upstream.LinksByEmail(conn, who, *u) && !u.Disabled && !known:
		link.UserID, link.UserCreatedAt = u.ID, storage.Time(u.CreatedAt)
	case u == nil && conn.CreateUsers:
		if link.UserID, err = s.newUserID(v.now); err != nil {
			return storage.UserLink{}, err
		}
		link.UserCreatedAt, link.Creating = v.now, true
	default:
		return storage.UserLink{}, nil
	}
	err = s.insertLink(ctx, v, link, "by the address")
	link.Version = 1
	return link, err
}

// hasOtherAccount tells whether the user signs in by another account of the same provider. Then the
// address decides nothing: a provider may give that of somebody who has left to somebody new.
func (s *SignIn) hasOtherAccount(ctx context.Context, u *storage.User, who upstream.Identity) (bool, error) {
	if u == nil {
		return false, nil
	}
	page, err := s.upstream.store.ListUserLinks(ctx, u.ID, storage.Page{Limit: storage.MaxPage})
	if err != nil {
		return false, unavailable(err)
	}
	return slices.ContainsFunc(page.Links, func(l storage.UserLink) bool {
		return l.Issuer == who.Issuer && l.Subject != who.Subject && l.UserCreatedAt.Equal(storage.Time(u.CreatedAt))
	}), nil
}

// insertLink audits and inserts a link. Where another request was first it is that one's that is
// read then.
func (s *SignIn) insertLink(ctx context.Context, v *visit, link storage.UserLink, how string) error {
	e := storage.AuditEvent{Type: audit.EventAccountLinked, Actor: link.UserID, Target: link.UserID, ClientID: v.client.ID, Detail: "connector " + link.ConnectorID + ", " + how}
	change := s.log.log.NewChange(v.in.Info.Event(e))
	if !link.Creating { // that a user was made has an event of its own
		if err := change.Before(ctx); err != nil {
			return unavailable(err)
		}
	}
	if err := failpoint.Hit(failpoint.LinkInserting); err != nil {
		return unavailable(err)
	}
	err := s.upstream.store.CreateUserLink(ctx, link)
	if err == nil {
		err = failpoint.Hit(failpoint.LinkInserted)
	}
	if !errors.Is(err, storage.ErrConflict) {
		return unavailableOrNil(err)
	}
	if err := change.Failed(ctx); err != nil {
		return unavailable(err)
	}
	return errLinkTaken
}

var errLinkTaken = errors.New("the account is linked already")

// userByAddress returns the user who has the address as a name to sign in with; nil for nobody.
func (s *SignIn) userByAddress(ctx context.Context, who upstream.Identity) (*storage.User, error) {
	address, err := account.Email(who.Email)
	if err != nil {
		return nil, nil
	}
	return s.userByName(ctx, address)
}

func (s *SignIn) userByName(ctx context.Context, name string) (*storage.User, error) {
	u, err := s.logins.UserByLogin(ctx, name)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return &u, nil
}

// createLinked makes the user of a link that says so.
func (s *SignIn) createLinked(ctx context.Context, v *visit, l *linked) (storage.User, error) {
	roles, err := s.policy.roles.Get(ctx)
	if err != nil {
		return storage.User{}, unavailable(err)
	}
	given := upstream.RolesGiven(l.conn, l.who, roles)
	given = slices.DeleteFunc(given, func(r string) bool { return r == role.User }) // everybody's own
	n := UpstreamUser{
		ID: l.link.UserID, CreatedAt: l.link.UserCreatedAt, FullName: l.who.Name, Connector: l.conn,
		Roles: append([]string{role.User}, given...),
	}
	if l.who.EmailVerified {
		if address, err := account.Email(l.who.Email); err == nil {
			n.Email, n.EmailVerified = address, upstream.ProvesAddress(l.conn, l.who)
		}
	}
	if n.Username, err = s.freeUsername(ctx, l, n.Email); err != nil {
		return storage.User{}, err
	}
	// Which roles are the rules' is noted before there is a user who has them.
	if l.link, err = s.upstream.change(ctx, l.link.ID, func(k *storage.UserLink) { k.Roles = given }); err != nil {
		return storage.User{}, err
	}
	u, err := s.upstream.accounts.CreateByConnector(ctx, n, v.in.Info)
	if err == nil {
		err = unavailableOrNil(failpoint.Hit(failpoint.LinkUserMade))
	}
	return u, err
}

// freeUsername returns the name of a new user: the one that they have at the provider, their
// address, or one that is made of the link, which is the same at every try.
func (s *SignIn) freeUsername(ctx context.Context, l *linked, address string) (string, error) {
	for _, wanted := range []string{l.who.Username, address} {
		name, err := account.Username(wanted)
		if err != nil || account.OwnAddress(name, address) != nil {
			continue
		}
		taken, err := s.userByName(ctx, name)
		if err != nil {
			return "", err
		}
		if taken == nil {
			return name, nil
		}
	}
	return l.conn.ID + "-" + hex.EncodeToString([]byte(l.link.ID)[:6]), nil
}

// recomputeRoles gives the user the roles that the rules give now, takes those away that they gave
// before, and notes the use of the link. Which roles are the rules' is noted before they are
// given, so that a crash in between leaves none that looks local.
func (s *SignIn) recomputeRoles(ctx context.Context, v *visit, l *linked) error {
	roles, err := s.policy.roles.Get(ctx)
	if err != nil {
		return err
	}
	others, err := s.rolesOfOtherLinks(ctx, l)
	if err != nil {
		return err
	}
	c := upstream.ChangeRoles(l.user.Roles, l.link.Roles, others, upstream.RolesGiven(l.conn, l.who, roles))
	changed := !slices.Equal(c.Roles, l.user.Roles)
	owned := c.Owned
	if changed {
		owned = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.Owned), l.link.Roles...))))
	}
	if l.link, err = s.touchLink(ctx, v.now, l, owned); err == nil {
		err = failpoint.Hit(failpoint.LinkUsed)
	}
	if err != nil || !changed {
		return err
	}
	if l.user, err = s.upstream.accounts.SetRolesByConnector(ctx, l.conn, l.user, c.Roles, owned, v.in.Info); err != nil {
		return err
	}
	kept := slices.DeleteFunc(owned, func(r string) bool { // what was not to be taken away is the rules' still
		return !slices.Contains(l.user.Roles, r) || slices.Contains(others, r) && !slices.Contains(c.Owned, r)
	})
	if slices.Equal(kept, l.link.Roles) {
		return nil
	}
	l.link, err = s.upstream.change(ctx, l.link.ID, func(k *storage.UserLink) { k.Roles = kept })
	return err
}

// touchLink notes what the provider says now. A link that was about to be removed stays.
func (s *SignIn) touchLink(ctx context.Context, now time.Time, l *linked, owned []string) (storage.UserLink, error) {
	return s.upstream.change(ctx, l.link.ID, func(k *storage.UserLink) {
		k.Creating, k.Ending, k.LastUsedAt, k.Email, k.Name, k.Roles, k.ConnectorID = false, false, now, l.who.Email, l.who.Name, owned, l.conn.ID
	})
}

// rolesOfOtherLinks returns the roles that other links of the user have given.
func (s *SignIn) rolesOfOtherLinks(ctx context.Context, l *linked) (roles []string, err error) {
	page, err := s.upstream.store.ListUserLinks(ctx, l.user.ID, storage.Page{Limit: storage.MaxPage})
	for _, k := range page.Links {
		if k.ID != l.link.ID && k.UserCreatedAt.Equal(storage.Time(l.user.CreatedAt)) {
			roles = append(roles, k.Roles...)
		}
	}
	return roles, err
}

// askAfter asks for the second factor of a user who has proven the methods.
func (s *SignIn) askAfter(ctx context.Context, v *visit, u storage.User, methods []string, remember bool) (Outcome, error) {
	storeEpoch, err := s.epochs.Epoch(ctx)
	if err != nil {
		return Outcome{}, unavailable(err)
	}
	return s.askForFactor(ctx, v, u, authorization.Pending{
		UserID: u.ID, Epoch: epoch.Session(u, storeEpoch), Request: v.request.Hash(),
		Until: v.now.Add(authorization.PendingTTL), Methods: methods, Remember: remember, Claimed: v.claimed,
	}, &Error{})
}
