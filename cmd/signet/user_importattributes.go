package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/signet/issuer"
	"example.org/signet/issuer/attribute"
	"example.org/signet/issuer/userfile"
)

// attributesFor returns the names of the attributes that are defined, or an error where --map
// names another one.
func (ac *adminContext) attributesFor(ctx context.Context, o importOptions) (map[string]bool, error) {
	list, err := ac.operator.Attributes().List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list attributes: %w", err)
	}
	defined := make(map[string]bool, len(list.Items))
	for _, a := range list.Items {
		defined[a.Name] = true
	}
	for _, pair := range o.mapped {
		_, to, _ := strings.Cut(pair, "=")
		if name, is := strings.CutPrefix(to, "attribute:"); is && !defined[name] {
			return nil, withHint(fmt.Errorf("--map %s: there is no such attribute; nothing was imported", pair), "signet attribute create defines one, signet attribute list shows them")
		}
	}
	return defined, nil
}

// maxIgnoredAttributes bounds how many names of attributes are listed at the end.
const maxIgnoredAttributes = 100

// defined returns the attributes of a user that are defined. The others are reported at the end,
// as other fields are that mean nothing here.
func (m *importJob) defined(r userfile.Record) attribute.Change {
	c := attribute.Change{}
	for name, value := range r.Attributes {
		if m.attributes[name] {
			c[name] = value
			continue
		}
		m.count(func(s *importResult) {
			if column := r.Columns[name]; len(s.Ignored) < maxIgnoredAttributes && !slices.Contains(s.Ignored, column) {
				s.Ignored = append(s.Ignored, column)
			}
		})
	}
	return c
}

// refusal says why a user was refused, with the column where a value of an attribute is wrong.
func refusal(r userfile.Record, err *issuer.FieldError) string {
	var wrong *attribute.ValueError
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	return fmt.Sprintf("%s: the attribute %s %s", r.Columns[wrong.Name], wrong.Name, wrong.Reason)
}
