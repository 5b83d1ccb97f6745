package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// credential is what signet login keeps of one server.
type credential struct {
	API     string    `json:"api"`   // URL below which /api/v1 is
	Token   string    `json:"token"` // URL of the token endpoint
	Revoke  string    `json:"revoke"`
	Access  string    `json:"access_token"`
	Refresh string    `json:"refresh_token"`
	Expiry  time.Time `json:"expires_at"` // of the access token
}

// credentialFile holds the credentials by server. It is the user's alone: mode 0600.
type credentialFile struct{ path string }

// credentials returns the file, below the directory where the user's settings are.
func (p *process) credentials() (credentialFile, error) {
	dir := p.env["XDG_CONFIG_HOME"]
	if !filepath.IsAbs(dir) {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return credentialFile{}, withHint(err, "XDG_CONFIG_HOME names a directory")
		}
	}
	return credentialFile{filepath.Join(dir, "signet", "credentials.json")}, nil
}

const maxCredentials = 1 << 20 // bytes

func (f credentialFile) read() (map[string]credential, error) {
	all := map[string]credential{}
	text, err := readBounded(f.path, maxCredentials)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("read %s: %w", f.path, err), "remove the file and sign in again")
	}
	return all, nil
}

// change reads the file, changes it, and puts it in the place of the one before.
func (f credentialFile) change(edit func(map[string]credential)) error {
	all, err := f.read()
	if err != nil {
		return err
	}
	edit(all)
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(f.path, text); err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return nil
}

// serverName is how a server is named in the file: its URL without a slash at the end.
func serverName(url string) string { return strings.TrimRight(url, "/") }

// openServer returns the administration of the server that --server names.
func (p *process) openServer(s *settings) (*adminContext, error) {
	file, err := p.credentials()
	if err != nil {
		return nil, err
	}
	all, err := file.read()
	if err != nil {
		return nil, err
	}
	name := serverName(s.serverURL)
	c, known := all[name]
	if !known {
		return nil, withHint(fmt.Errorf("you are not signed in at %s", name), "signet login %s signs you in", name)
	}
	tokens := &tokenKeeper{process: p, file: file, server: name, credential: c}
	api := &apiClient{base: c.API, server: name, http: newHTTPClient(), token: tokens.access}
	return &adminContext{process: p, settings: s, admin: remoteAdmin{api}}, nil
}

// tokenKeeper has an access token that is good for a while, and keeps the refreshed ones.
type tokenKeeper struct {
	*process
	file       credentialFile
	server     string
	credential credential
}

// accessSpare is how long an access token must be good for at least.
const accessSpare = 30 * time.Second

// access returns the access token, refreshed where it is about to expire.
func (k *tokenKeeper) access(ctx context.Context) (string, error) {
	if k.now().Add(accessSpare).Before(k.credential.Expiry) {
		return k.credential.Access, nil
	}
	config := cliConfig(k.credential.Token, "")
	t, err := config.TokenSource(withHTTPClient(ctx), &oauth2.Token{RefreshToken: k.credential.Refresh}).Token()
	if err != nil {
		return "", explainOAuth(k.server, err)
	}
	k.credential.Access, k.credential.Refresh, k.credential.Expiry = t.AccessToken, t.RefreshToken, t.Expiry
	return t.AccessToken, k.file.change(func(all map[string]credential) { all[k.server] = k.credential })
}

// explainOAuth returns an error of the token endpoint without what it answered beyond the code.
func explainOAuth(server string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", server, err)
	}
	text := fmt.Errorf("%s: %s: %s", server, refused.ErrorCode, refused.ErrorDescription)
	switch refused.ErrorCode {
	case "invalid_grant":
		return withHint(text, "signet login %s signs you in again", server)
	case "invalid_client", "unauthorized_client", "invalid_scope":
		return withHint(text, "the server lets nobody in this way before an administrator has run, at its store: %s", cliClientCommand)
	}
	return text
}
