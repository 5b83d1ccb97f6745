package endpoints

import (
	"context"
	"slices"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer"
	"example.org/signet/issuer/password"
)

// maxAccountItems bounds each list of the pages of the account.
const maxAccountItems = 100

// account returns what all pages of the account show.
func (v *accountVisit) account() pages.Account {
	u := v.principal.User()
	return pages.Account{
		User:   pages.User{Username: u.Username, Name: u.FullName, Email: u.Email, Phone: u.Phone},
		Notice: v.notice, Problem: v.problem, Linkable: v.linkable,
	}
}

// showProfile is /account. A form that is shown again keeps what was typed.
func (a accountPages) showProfile(ctx context.Context, v *accountVisit) (pages.View, error) {
	view := pages.AccountView{Account: v.account(), Version: a.service.Account(v.principal, v.info).Revision()}
	if u := v.principal.User(); a.site.forgot && u.Email != "" {
		if view.Address = pages.AddressUnconfirmed; u.EmailVerified {
			view.Address = pages.AddressConfirmed
		}
	}
	var err error
	if view.Attributes, err = a.attributeFields(ctx, v); err != nil {
		return nil, err
	}
	if v.typed != nil {
		v.typed.Username = view.User.Username
		view.User = *v.typed
	}
	return view, nil
}

// showPassword is /account/password.
func (accountPages) showPassword(_ context.Context, v *accountVisit) (pages.View, error) {
	return pages.AccountPasswordView{Account: v.account(), PasswordMin: password.MinLength, RetryAfter: v.retryAfter}, nil
}

// showSessions is /account/sessions.
func (a accountPages) showSessions(ctx context.Context, v *accountVisit) (pages.View, error) {
	in, err := a.service.SignedIn(ctx, v.principal)
	if err != nil {
		return nil, err
	}
	view := pages.AccountSessionsView{Account: v.account(), Others: a.appSessionViews(in.Others)}
	for _, b := range in.Browsers[:min(len(in.Browsers), maxAccountItems)] {
		view.Sessions = append(view.Sessions, pages.BrowserSession{
			Handle: b.Handle, Current: b.Current, Device: b.Device, Network: b.Network, SignedIn: b.AuthTime, LastSeen: b.LastSeen,
			Until: b.ExpiresAt, Remembered: b.Remembered, Apps: a.appSessionViews(b.Apps),
		})
		view.More = view.More || len(b.Apps) > maxAccountItems
	}
	view.More = view.More || len(in.Browsers) > maxAccountItems || len(in.Others) > maxAccountItems
	return view, nil
}

func (a accountPages) appSessionViews(apps []issuer.AppSessionView) []pages.AppSession {
	var views []pages.AppSession
	for _, x := range apps[:min(len(apps), maxAccountItems)] {
		views = append(views, pages.AppSession{
			ID: x.SessionID, Client: *a.site.clientView(&x.Client), Since: x.CreatedAt, LastUsed: x.LastUsed, Offline: x.Offline,
		})
	}
	return views
}

// showApps is /account/apps.
func (a accountPages) showApps(ctx context.Context, v *accountVisit) (pages.View, error) {
	list, err := a.service.Consents(ctx, v.principal)
	if err != nil {
		return nil, err
	}
	view := pages.AccountAppsView{Account: v.account(), More: len(list.Items) > maxAccountItems}
	for _, c := range list.Items[:min(len(list.Items), maxAccountItems)] {
		shown := pages.Consent{Client: *a.site.clientView(&c.Client), Audiences: apiAudiences(c.Audiences, a.site.issuer), Since: c.UpdatedAt}
		for _, s := range c.Scopes {
			shown.Scopes = append(shown.Scopes, pages.Scope{Name: s.Name, Text: s.Texts[v.lang]})
		}
		view.Consents = append(view.Consents, shown)
	}
	return view, nil
}

// apiAudiences leaves out the issuer, which tells people nothing: every token can be for it.
func apiAudiences(all []string, issuer string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(audience string) bool { return audience == issuer })
}
