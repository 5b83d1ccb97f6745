package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"example.org/signet/storage"
)

// clientDoc is a [storage.Client] as it lies in the collection clients.
type clientDoc struct {
	ID               string    `bson:"_id"`
	Name             string    `bson:"name"`
	Public           bool      `bson:"public"`
	SecretHash       string    `bson:"secret_hash"`
	OldSecretHash    string    `bson:"old_secret_hash,omitempty"`
	OldSecretUntil   time.Time `bson:"old_secret_until,omitempty"`
	Grants           []string  `bson:"grants,omitempty"`
	Scopes           []string  `bson:"scopes,omitempty"`
	OwnScopes        []string  `bson:"own_scopes,omitempty"`
	OwnRank          int64     `bson:"own_rank,omitempty"`
	Audiences        []string  `bson:"audiences,omitempty"`
	Resources        []string  `bson:"resources,omitempty"`
	Origins          []string  `bson:"origins,omitempty"`
	IDTokenOnRefresh bool      `bson:"id_token_on_refresh"`
	TrustClientIP    bool      `bson:"trust_client_ip,omitempty"`
	Disabled         bool      `bson:"disabled"`

	RedirectURIs            []string `bson:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs  []string `bson:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI    string   `bson:"backchannel_logout_uri,omitempty"`
	BackchannelSession      bool     `bson:"backchannel_session,omitempty"`
	InitiateLoginURI        string   `bson:"initiate_login_uri,omitempty"`
	PKCEOptional            bool     `bson:"pkce_optional,omitempty"`
	LocalhostPorts          bool     `bson:"localhost_ports,omitempty"`
	Consent                 string   `bson:"consent,omitempty"`
	AuthMethod              string   `bson:"auth_method,omitempty"`
	DefaultMaxAge           *int64   `bson:"default_max_age,omitempty"`
	RequireAuthTime         bool     `bson:"require_auth_time,omitempty"`
	Authentication          string   `bson:"authentication,omitempty"`
	PasswordGrantWithoutMFA bool     `bson:"password_grant_without_mfa,omitempty"`
	HomeURI                 string   `bson:"home_uri,omitempty"`
	LogoURI                 string   `bson:"logo_uri,omitempty"`
	PolicyURI               string   `bson:"policy_uri,omitempty"`
	TermsURI                string   `bson:"terms_uri,omitempty"`
	Contacts                []string `bson:"contacts,omitempty"`

	Epoch     int64     `bson:"epoch"`
	Version   int64     `bson:"version"`
	CreatedAt time.Time `bson:"created_at"`
	UpdatedAt time.Time `bson:"updated_at"`
}

func newClientDoc(c storage.Client, version int64) clientDoc {
	c.Version = version
	c.Grants, c.Scopes, c.Audiences = nilIfEmpty(c.Grants), nilIfEmpty(c.Scopes), nilIfEmpty(c.Audiences)
	c.Resources, c.Origins, c.OwnScopes = nilIfEmpty(c.Resources), nilIfEmpty(c.Origins), nilIfEmpty(c.OwnScopes)
	c.RedirectURIs, c.PostLogoutRedirectURIs, c.Contacts = nilIfEmpty(c.RedirectURIs), nilIfEmpty(c.PostLogoutRedirectURIs), nilIfEmpty(c.Contacts)
	c.CreatedAt, c.UpdatedAt, c.OldSecretUntil = storage.Time(c.CreatedAt), storage.Time(c.UpdatedAt), storage.Time(c.OldSecretUntil)
	return clientDoc(c)
}

func (d clientDoc) record() storage.Client { return storage.Client(d) }

// CreateClient implements [storage.Clients] by one insert.
func (s *Store) CreateClient(ctx context.Context, c storage.Client) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.insertUnique(ctx, clients, "client_id", newClientDoc(c, 1))
}

// Client implements [storage.Clients].
func (s *Store) Client(ctx context.Context, id string) (storage.Client, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc, err := findOne[clientDoc](ctx, s, clients, byID(id))
	return doc.record(), err
}

// UpdateClient implements [storage.Clients] by one replacement that is
// conditional on the version.
func (s *Store) UpdateClient(ctx context.Context, c storage.Client) (storage.Client, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	doc := newClientDoc(c, c.Version+1)
	if err := s.replaceVersion(ctx, clients, c.ID, c.Version, doc); err != nil {
		return storage.Client{}, err
	}
	return doc.record(), nil
}

// DeleteClient implements [storage.Clients] by one delete.
func (s *Store) DeleteClient(ctx context.Context, id string, version int64) error {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.deleteVersion(ctx, clients, id, version)
}

// ListClients implements [storage.Clients].
func (s *Store) ListClients(ctx context.Context, p storage.Page) (storage.ClientPage, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	records, next, err := page(ctx, s, clients, bson.D{}, p, clientDoc.record, func(c storage.Client) string { return c.ID })
	return storage.ClientPage{Clients: records, Next: next}, err
}

// AnyClient implements [storage.ClientUse]. That a list holds a value is, to the
// server, equality with the list's field.
func (s *Store) AnyClient(ctx context.Context, grant string) (bool, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	return s.exists(ctx, clients, bson.D{eq("disabled", false), eq("grants", grant)})
}

// originsDoc is the part of a [clientDoc] that ClientOrigins reads.
type originsDoc struct {
	Origins []string `bson:"origins"`
}

var _ partial = originsDoc{}

var originsProjection = projectionOf[originsDoc]()

func (originsDoc) projection() bson.D { return originsProjection }

// ClientOrigins implements [storage.ClientUse].
func (s *Store) ClientOrigins(ctx context.Context) ([]string, error) {
	ctx, cancel := s.withTimeout(ctx)
	defer cancel()
	docs, err := find[originsDoc](ctx, s, listing{collection: clients, filter: bson.D{eq("disabled", false), operator("origins", "$exists", true)}})
	var origins []string
	for _, d := range docs {
		origins = append(origins, d.Origins...)
	}
	slices.Sort(origins)
	return slices.Compact(origins), err
}
