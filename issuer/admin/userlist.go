package admin

import (
	"context"
	"errors"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/account"
	"example.org/signet/storage"
)

// UserQuery selects users and orders them. Zero fields select all.
type UserQuery struct {
	Prefix             string // of the username or the e-mail address, in any spelling
	Role               string // holders of the role
	Disabled           *bool  // nil for both
	MustChangePassword *bool  // nil for both

	// Sort is "created_at" or "username", with a "-" before it the other way round; "" means
	// created_at, or username with a Prefix, which takes no other order.
	Sort string
}

// The orders of users.
const (
	SortByCreation = "created_at"
	SortByUsername = "username"
)

// filter returns what the store is asked for. A prefix is brought into the one form that names
// are stored in.
func (q UserQuery) filter() (storage.UserFilter, error) {
	f := storage.UserFilter{Prefix: q.Prefix, Role: q.Role, Disabled: q.Disabled, MustChangePassword: q.MustChangePassword}
	if name, err := account.LoginName(q.Prefix); err == nil {
		f.Prefix = name
	}
	sort, descending := strings.CutPrefix(q.Sort, "-")
	f.Descending = descending
	switch {
	case sort == SortByUsername:
		f.Order = storage.UsersByName
	case sort == SortByCreation && q.Prefix != "":
		return f, newFieldError("sort", "must be username or -username beside prefix")
	case sort != SortByCreation && q.Sort != "":
		return f, newFieldError("sort", "must be created_at, -created_at, username or -username")
	}
	return f, nil
}

// listing names the listing of the filter.
func usersListing(f storage.UserFilter) listing {
	order := SortByCreation
	if f.ByName() {
		order = SortByUsername
	}
	if f.Descending {
		order = "-" + order
	}
	return newListing("users", f.Prefix, f.Role, flagText(f.Disabled), flagText(f.MustChangePassword), order)
}

// checkRole refuses a role that there is not: nobody holding it says less.
func (u Users) checkRole(ctx context.Context, name string) error {
	_, err := u.admin.Roles().Show(ctx, name)
	if errors.Is(err, storage.ErrNotFound) {
		return newFieldError("role", "there is no role "+quote(name))
	}
	return err
}

// List returns one page of users. *issuer.FieldError of "sort", "after" or "role".
func (u Users) List(ctx context.Context, q UserQuery, p storage.Page) (UserList, error) {
	f, err := q.filter()
	if err != nil {
		return UserList{}, err
	}
	l := usersListing(f)
	if p, err = l.page(p); err != nil {
		return UserList{}, err
	}
	page, err := u.admin.service.store.ListUsers(ctx, f, p)
	if err != nil {
		return UserList{}, issuer.StoreError(err)
	}
	if len(page.Users) == 0 && f.Role != "" {
		if err := u.checkRole(ctx, f.Role); err != nil {
			return UserList{}, err
		}
	}
	list := UserList{Items: make([]User, len(page.Users)), Next: l.cursor(page.Next)}
	views := u.views()
	for n, x := range page.Users {
		if list.Items[n], err = views.of(ctx, x); err != nil {
			return UserList{}, err
		}
	}
	return list, nil
}
