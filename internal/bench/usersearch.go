package bench

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"example.org/signet/internal/secret"
)

// searchPage is how many users a page of the search has.
const searchPage = 20

// startUserSearch lists users by prefixes in turn, as an administrator.
func startUserSearch(ctx context.Context, r *run, worker int) (task, error) {
	admin := r.account.Admin
	if admin.ClientID == "" || len(admin.Prefixes) == 0 {
		return nil, errNoAdmin
	}
	if r.adminToken == "" { // worker 0 starts before the others
		as := &oauth{client: r.client, at: r.at, account: Account{ClientID: admin.ClientID, ClientSecret: admin.ClientSecret, Scope: "signet:admin"}}
		t, err := as.token(ctx, as.passwordForm(admin.User))
		if err != nil {
			return nil, fmt.Errorf("log in as the administrator: %w", err)
		}
		r.adminToken = secret.Text(t.Access)
	}
	next := worker
	return taskFunc(func(ctx context.Context) error {
		next++
		prefix := admin.Prefixes[next%len(admin.Prefixes)]
		return r.bearer(ctx, fmt.Sprintf("%s/api/v1/users?prefix=%s&limit=%d", r.at.Issuer, url.QueryEscape(prefix), searchPage), r.adminToken)
	}), nil
}

// bearer fetches a page with an access token.
func (r *run) bearer(ctx context.Context, address string, token secret.Text) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token.Reveal())
	a, err := do(r.client, req)
	if err != nil {
		return err
	}
	return a.expect(http.StatusOK)
}
