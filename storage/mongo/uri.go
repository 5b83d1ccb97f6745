package mongo

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Example is what a connection string looks like.
const Example = "mongodb://user:password@db1.example.com,db2.example.com/signet?replicaSet=rs0&authSource=admin"

// maxDatabaseName is MongoDB's limit, in bytes.
const maxDatabaseName = 63

// A connString is a connection string, taken apart.
type connString struct {
	options  *options.ClientOptions
	database string
	hosts    string   // for messages
	login    bool     // it has a user
	secrets  redactor // hides what the string holds of secrets
}

// parseURI takes the connection string apart. No error shows its password.
func parseURI(uri string) (connString, error) {
	if !strings.HasPrefix(uri, "mongodb://") && !strings.HasPrefix(uri, "mongodb+srv://") {
		return connString{}, fmt.Errorf("mongodb: the connection string must begin with mongodb:// or mongodb+srv://, as in %s", Example)
	}
	opts := options.Client().ApplyURI(uri)
	if err := opts.Validate(); err != nil {
		return connString{}, fmt.Errorf("mongodb: the connection string cannot be used: %s; it should look like %s", explainURIError(uri), Example)
	}
	name, err := databaseName(uri)
	if err != nil {
		return connString{}, err
	}
	return connString{options: opts, database: name, hosts: strings.Join(opts.Hosts, ","), login: opts.Auth != nil, secrets: secretsOf(uri)}, nil
}

// splitURI takes a valid connection string apart as the driver does: the first
// @ ends the user's part, whatever stands in it.
func splitURI(uri string) (user, path, query string) {
	_, rest, _ := strings.Cut(uri, "://")
	if before, after, ok := strings.Cut(rest, "@"); ok {
		user, rest = before, after
	}
	_, path, _ = strings.Cut(rest, "/")
	path, query, _ = strings.Cut(path, "?")
	return user, path, query
}

// databaseName is the path of a valid connection string.
func databaseName(uri string) (string, error) {
	_, path, _ := splitURI(uri)
	name, err := url.QueryUnescape(path)
	switch {
	case err != nil:
		return "", errors.New("mongodb: the database in the connection string is not percent-encoded properly")
	case name == "":
		return "", fmt.Errorf("mongodb: the connection string names no database: add one after the hosts, as in %s", Example)
	case slices.Contains([]string{"admin", "config", "local"}, name):
		return "", fmt.Errorf("mongodb: %s is the server's own database: name another one after the hosts, as in %s", name, Example)
	case len(name) > maxDatabaseName || strings.ContainsAny(name, "/\\. \"$*<>:|?\x00"):
		return "", fmt.Errorf("mongodb: the database name must have at most %d bytes and none of / \\ . \" $ * < > : | ? or space", maxDatabaseName)
	}
	return name, nil
}

// explainURIError says what is wrong with a connection string that the driver
// refused. The driver's own words may quote any part of it, so they are asked
// for again with the secrets taken out.
func explainURIError(uri string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	hidden := rest
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		hidden = "user:hidden@" + rest[i+1:]
	}
	if base, query, ok := strings.Cut(hidden, "?"); ok {
		hidden = base + "?" + hideQuery(query)
	}
	if err := options.Client().ApplyURI(scheme + "://" + hidden).Validate(); err != nil {
		return err.Error()
	}
	return "one of : / ? # [ ] @ % in the user name, the password or a secret option must be percent-encoded"
}

// hideQuery replaces the values of options that are secrets.
func hideQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if key, _, ok := strings.Cut(pair, "="); ok && isSecretOption(key) {
			pairs[i] = key + "=hidden:hidden"
		}
	}
	return strings.Join(pairs, "&")
}

// isSecretOption tells whether an option of a connection string holds a secret.
func isSecretOption(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "password") || key == "authmechanismproperties"
}
