package mongo

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// A redactor holds the secrets of a connection string, as they may appear in
// an error's text.
type redactor []string

// secretsOf collects the password and the secret options of a valid
// connection string, as they stand there and decoded.
func secretsOf(uri string) redactor {
	var found redactor
	add := func(secret string) {
		found = append(found, secret)
		if plain, err := url.PathUnescape(secret); err == nil {
			found = append(found, plain)
		}
	}
	user, _, query := splitURI(uri)
	_, password, _ := strings.Cut(user, ":")
	add(password)
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, ok := strings.Cut(pair, "="); ok && isSecretOption(key) {
			add(value)
		}
	}
	return slices.DeleteFunc(found, func(s string) bool { return s == "" })
}

// redact is err with the secrets hidden in its text. What it is stays visible
// to errors.Is, what it holds does not.
func (r redactor) redact(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, secret := range r {
		text = strings.ReplaceAll(text, secret, "[hidden]")
	}
	return &driverError{text: text, cause: err}
}

// driverError stands for an error of the driver. It has no Unwrap, so that the
// cause, which may hold a secret, is never printed.
type driverError struct {
	text  string
	cause error
}

func (e *driverError) Error() string { return e.text }

// Is tells whether the cause is the target, such as context.DeadlineExceeded.
func (e *driverError) Is(target error) bool { return errors.Is(e.cause, target) }
