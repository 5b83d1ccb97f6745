package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.org/signet/issuer"
	"example.org/signet/issuer/admin"
)

// Bounds of a file of clients.
const (
	maxClientFile    = 4 << 20 // bytes
	maxClientsInFile = 1000
)

// clientEntry is one client of a file, with the names of the admin API.
type clientEntry struct {
	Preset                 string `yaml:"preset"`
	ID                     string `yaml:"client_id"`
	Secret                 string `yaml:"client_secret"`
	Public                 *bool  `yaml:"public"`
	InsecurePublicPassword bool   `yaml:"insecure_public_password"`

	Name             *string   `yaml:"client_name"`
	Grants           *[]string `yaml:"grant_types"`
	Scope            *string   `yaml:"scope"`
	Audiences        *[]string `yaml:"audiences"`
	Resources        *[]string `yaml:"resources"`
	Origins          *[]string `yaml:"origins"`
	IDTokenOnRefresh *bool     `yaml:"id_token_on_refresh"`
	TrustClientIP    *bool     `yaml:"trust_client_ip"`
	Disabled         *bool     `yaml:"disabled"`

	RedirectURIs            *[]string `yaml:"redirect_uris"`
	PostLogoutRedirectURIs  *[]string `yaml:"post_logout_redirect_uris"`
	BackchannelLogoutURI    *string   `yaml:"backchannel_logout_uri"`
	BackchannelSession      *bool     `yaml:"backchannel_logout_session_required"`
	InitiateLoginURI        *string   `yaml:"initiate_login_uri"`
	RequirePKCE             *bool     `yaml:"require_pkce"`
	Consent                 *string   `yaml:"consent"`
	AuthMethod              *string   `yaml:"token_endpoint_auth_method"`
	DefaultMaxAge           *int64    `yaml:"default_max_age"`
	AllowLocalhost          *bool     `yaml:"allow_localhost"`
	RequireAuthTime         *bool     `yaml:"require_auth_time"`
	Authentication          *string   `yaml:"require_authentication"`
	PasswordGrantWithoutMFA *bool     `yaml:"password_grant_without_mfa"`

	ClientURI *string   `yaml:"client_uri"`
	LogoURI   *string   `yaml:"logo_uri"`
	PolicyURI *string   `yaml:"policy_uri"`
	TermsURI  *string   `yaml:"tos_uri"`
	Contacts  *[]string `yaml:"contacts"`

	// What a listing has too. It is not imported.
	CreatedAt      any `yaml:"created_at"`
	UpdatedAt      any `yaml:"updated_at"`
	OldSecretUntil any `yaml:"old_secret_until"`
}

// clientFile is a file with the list under a name: of one's own, or as client list prints it.
type clientFile struct {
	Clients []clientEntry `yaml:"clients"`
	Items   []clientEntry `yaml:"items"`
	Next    string        `yaml:"next"`
}

// readClientFile reads a list of clients in YAML or JSON. A name that is not known is an error.
func readClientFile(data []byte) ([]clientEntry, error) {
	var top yaml.Node
	if err := yaml.Unmarshal(data, &top); err != nil {
		return nil, err
	}
	var file clientFile
	var err error
	switch {
	case len(top.Content) == 0:
	case top.Content[0].Kind == yaml.SequenceNode:
		err = decodeStrictly(data, &file.Clients)
	case top.Content[0].Kind == yaml.MappingNode:
		err = decodeStrictly(data, &file)
	default:
		err = errors.New("must be a list of clients, or an object with a list called clients or items")
	}
	list := append(file.Clients, file.Items...)
	switch {
	case err != nil:
		return nil, err
	case file.Next != "":
		return nil, errors.New("is one page of a longer list: signet client list --limit 1000 prints longer ones")
	case len(list) == 0:
		return nil, errors.New("holds no clients")
	case len(list) > maxClientsInFile:
		return nil, fmt.Errorf("holds more than %d clients", maxClientsInFile)
	}
	return list, nil
}

// unknownField is how the YAML decoder reports a name that the Go type does not have.
var unknownField = regexp.MustCompile(`field (\S+) not found in type main\.\w+`)

// decodeStrictly decodes one YAML document. A name that is not known is an error.
func decodeStrictly(data []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		text := strings.TrimSpace(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:"))
		return errors.New(unknownField.ReplaceAllString(text, `"$1" is not a setting of a client`))
	}
	if !errors.Is(d.Decode(&yaml.Node{}), io.EOF) {
		return errors.New("must be one YAML document")
	}
	return nil
}

// newClient returns the client that the entry describes.
func (e clientEntry) newClient() (admin.NewClient, error) {
	n := admin.NewClient{
		ID: e.ID, Secret: issuer.Secret(e.Secret), InsecurePublicPassword: e.InsecurePublicPassword,
		Settings: admin.ClientChange{
			Name: e.Name, Grants: e.Grants, Audiences: e.Audiences, Resources: e.Resources, Origins: e.Origins,
			IDTokenOnRefresh: e.IDTokenOnRefresh, TrustClientIP: e.TrustClientIP, Disabled: e.Disabled,
			ClientSignInChange: admin.ClientSignInChange{
				RedirectURIs: e.RedirectURIs, PostLogoutRedirectURIs: e.PostLogoutRedirectURIs, BackchannelLogoutURI: e.BackchannelLogoutURI,
				BackchannelSession: e.BackchannelSession, InitiateLoginURI: e.InitiateLoginURI, RequirePKCE: e.RequirePKCE, Consent: e.Consent,
				AuthMethod: e.AuthMethod, DefaultMaxAge: e.DefaultMaxAge, LocalhostPorts: e.AllowLocalhost, RequireAuthTime: e.RequireAuthTime,
				Authentication: e.Authentication, PasswordGrantWithoutMFA: e.PasswordGrantWithoutMFA,
			},
			ClientDisplayChange: admin.ClientDisplayChange{HomeURI: e.ClientURI, LogoURI: e.LogoURI, PolicyURI: e.PolicyURI, TermsURI: e.TermsURI, Contacts: e.Contacts},
		},
	}
	if e.Scope != nil {
		scopes := strings.Fields(*e.Scope)
		n.Settings.Scopes = &scopes
	}
	var err error
	if e.Preset != "" {
		n, err = n.WithPreset(e.Preset)
	}
	if e.Public != nil {
		n.Public = *e.Public
	}
	return n, err
}
