package endpoints

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"example.org/signet/internal/document"
	"example.org/signet/issuer"
	"example.org/signet/issuer/authorization"
	"example.org/signet/keys"
)

// discoveryMaxAge is how long the discovery document may be cached.
const discoveryMaxAge = 5 * time.Minute

// metadata is the discovery document of OpenID Connect Discovery §3 and of
// RFC 8414 §2, which are the same here. It lists what works and nothing else.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	UserInfoEndpoint         string   `json:"userinfo_endpoint"`
	DeviceEndpoint           string   `json:"device_authorization_endpoint"` // RFC 8628 §4
	JWKSURI                  string   `json:"jwks_uri"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	Scopes                   []string `json:"scopes_supported"`
	Claims                   []string `json:"claims_supported"`
	Grants                   []string `json:"grant_types_supported"`
	ResponseTypes            []string `json:"response_types_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	ChallengeMethods         []string `json:"code_challenge_methods_supported"`               // RFC 8414 §2
	ResponseIss              bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	PromptValues             []string `json:"prompt_values_supported"`
	ACRValues                []string `json:"acr_values_supported"`
	UILocales                []string `json:"ui_locales_supported"`
	ClaimsParameter          bool     `json:"claims_parameter_supported"`
	RequestParameter         bool     `json:"request_parameter_supported"`
	SubjectTypes             []string `json:"subject_types_supported"`
	IDTokenAlgs              []string `json:"id_token_signing_alg_values_supported"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	RequestURI               bool     `json:"request_uri_parameter_supported"` // true where it is left out
	StatusLists              string   `json:"status_list_aggregation_endpoint"`

	logoutMetadata
}

// logoutMetadata is what OpenID Connect RP-Initiated Logout §2.1 and Back-Channel Logout §2.1
// add.
type logoutMetadata struct {
	EndSessionEndpoint   string `json:"end_session_endpoint"`
	BackchannelLogout    bool   `json:"backchannel_logout_supported"`
	BackchannelSessionID bool   `json:"backchannel_logout_session_supported"`
}

// grantQuery tells what the operator has set up: whether the password grant is in use, and which
// claims attributes become, by which scopes.
type grantQuery interface {
	PasswordGrantInUse(ctx context.Context) (bool, error)
	AttributeClaims(ctx context.Context) (claims, scopes []string, err error)
}

// setup is what grantQuery has told.
type setup struct {
	passwordGrant  bool
	claims, scopes []string // of attributes
}

// algLister lists the algorithms of the published keys.
type algLister interface {
	Algs() []string
}

// discovery holds the discovery document as it was last rendered.
type discovery struct {
	issuer  string
	locales []string // of the pages
	grants  grantQuery
	keys    algLister
	doc     atomic.Pointer[document.Document]
}

func newDiscovery(issuerURL string, locales []string, use grantQuery, keys algLister) *discovery {
	d := &discovery{issuer: issuerURL, locales: locales, grants: use, keys: keys}
	d.render(setup{})
	return d
}

func (d *discovery) current() document.Document { return *d.doc.Load() }

// refresh reads from the store what is in use and renders the document anew. On
// an error the document stays as it is.
func (d *discovery) refresh(ctx context.Context) error {
	inUse, err := d.grants.PasswordGrantInUse(ctx)
	if err != nil {
		return fmt.Errorf("refresh discovery: %w", err)
	}
	claims, scopes, err := d.grants.AttributeClaims(ctx)
	if err != nil {
		return fmt.Errorf("refresh discovery: %w", err)
	}
	d.render(setup{inUse, claims, scopes})
	return nil
}

func (d *discovery) render(now setup) {
	body, err := json.Marshal(d.metadata(now))
	if err != nil {
		panic("render discovery: " + err.Error()) // strings alone: cannot fail
	}
	doc := document.New(jsonType, body, discoveryMaxAge)
	d.doc.Store(&doc)
}

func (d *discovery) metadata(now setup) metadata {
	grants := slices.DeleteFunc(issuer.GrantTypes(), func(g string) bool {
		return g == issuer.GrantPassword && !now.passwordGrant // RFC 9700 §2.4: not advertised unless an operator chose it
	})
	confidential := []string{string(issuer.AuthBasic), string(issuer.AuthPost)}
	everybody := append(slices.Clone(confidential), string(issuer.AuthNone))
	return metadata{
		Issuer:                d.issuer,
		AuthorizationEndpoint: d.issuer + pathAuthorize,
		TokenEndpoint:         d.issuer + pathToken,
		UserInfoEndpoint:      d.issuer + pathUserInfo,
		DeviceEndpoint:        d.issuer + pathDeviceAuth,
		JWKSURI:               d.issuer + pathJWKS,
		IntrospectionEndpoint: d.issuer + pathIntrospect,
		RevocationEndpoint:    d.issuer + pathRevoke,
		Scopes: withNew([]string{
			issuer.ScopeOpenID, issuer.ScopeProfile, issuer.ScopeEmail, issuer.ScopePhone, issuer.ScopeOfflineAccess, issuer.ScopeAccount, issuer.ScopeAdmin,
		}, now.scopes),
		Claims: withNew([]string{
			"iss", "sub", "aud", "exp", "iat", "auth_time", "at_hash", "sid", "nonce", "acr", "amr",
			"name", "preferred_username", "updated_at", "email", "email_verified", "phone_number", "roles",
		}, now.claims),
		Grants:                   grants,
		ResponseTypes:            []string{"code"},
		ResponseModes:            authorization.ResponseModes(),
		ChallengeMethods:         []string{authorization.MethodS256},
		ResponseIss:              true,
		PromptValues:             authorization.PromptValues(),
		ACRValues:                authorization.ACRValues(issuer.CheckPasskeys(d.issuer) == nil),
		UILocales:                d.locales,
		ClaimsParameter:          true,
		SubjectTypes:             []string{"public"},
		IDTokenAlgs:              d.algs(),
		TokenAuthMethods:         everybody,
		IntrospectionAuthMethods: confidential,
		RevocationAuthMethods:    everybody,
		StatusLists:              d.issuer + pathStatus,
		logoutMetadata:           logoutMetadata{EndSessionEndpoint: d.issuer + pathLogout, BackchannelLogout: true, BackchannelSessionID: true},
	}
}

// withNew returns the list and what of more is not in it.
func withNew(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// algs returns the algorithms of the published keys and always RS256, which
// OpenID Connect Discovery §3 demands.
func (d *discovery) algs() []string {
	algs := []string{keys.RS256}
	for _, alg := range d.keys.Algs() {
		if !slices.Contains(algs, alg) {
			algs = append(algs, alg)
		}
	}
	return algs
}
