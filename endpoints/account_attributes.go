package endpoints

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"example.org/signet/endpoints/pages"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/attribute"
)

// attributeField is the beginning of the names of fields of a form that have values of attributes.
const attributeField = "attribute."

// attributeFields returns the attributes of the user as the profile shows them. What was typed, and
// the name of the one that is wrong, are of a form that is shown again.
func (a accountPages) attributeFields(ctx context.Context, v *accountVisit) ([]pages.AttributeField, error) {
	list, err := a.service.Account(v.principal, v.info).Attributes(ctx)
	if err != nil {
		return nil, err
	}
	fields := make([]pages.AttributeField, len(list))
	for n, one := range list {
		fields[n] = pages.AttributeField{
			Name: one.Name, Text: one.Description, Type: pages.AttributeType(one.Type), Value: attributeLines(one.Value), MaxLength: int(one.MaxLength),
			ReadOnly: !one.Writable(), Invalid: one.Name == v.wrongAttribute,
		}
		if typed, sent := v.sent[attributeField+one.Name]; sent && one.Writable() {
			fields[n].Value = typed
		}
	}
	return fields, nil
}

// attributeLines is a value as a field of the profile has it, "" for none: strings of a list on lines of
// their own.
func attributeLines(value any) string {
	list, is := value.([]any)
	if !is {
		if value == nil {
			return ""
		}
		return fmt.Sprint(value)
	}
	lines := make([]string, len(list))
	for n, one := range list {
		lines[n] = fmt.Sprint(one)
	}
	return strings.Join(lines, "\n")
}

// changeOfAttributes returns what the form changes of the attributes, nil for nothing. A value that is
// sent as it was shown stays, whether it still fits or not.
func changeOfAttributes(list []admin.OwnAttribute, fields map[string]string) *attribute.Change {
	c := attribute.Change{}
	for _, one := range list {
		typed, sent := fields[attributeField+one.Name]
		typed = strings.ReplaceAll(typed, "\r\n", "\n") // HTML sends lines of a text area so
		if !sent || !one.Writable() || typed == pages.TypedLines(attributeLines(one.Value)) {
			continue
		}
		switch {
		case typed == "":
			c[one.Name] = nil
		case one.Type == attribute.TypeStrings:
			c[one.Name] = linesOf(typed)
		default:
			c[one.Name] = attribute.Text(typed)
		}
	}
	if len(c) == 0 {
		return nil
	}
	return &c
}

// linesOf returns the lines of a text that are not blank; nil where there are none.
func linesOf(text string) any {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return nil
	}
	return lines
}

// wrongAttribute returns the name of the attribute whose value an error refuses, "" for none.
func wrongAttribute(err error) string {
	var wrong *attribute.ValueError
	if !errors.As(err, &wrong) {
		return ""
	}
	return wrong.Name
}
