package endpoints

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"example.org/signet/issuer/authorization"
)

// maxPageForm bounds the form of a page, in bytes.
const maxPageForm = authorization.MaxRequest

var (
	errPageFormType = &httpError{status: http.StatusUnsupportedMediaType, code: "invalid_request", description: "the Content-Type must be " + formType}
	errPageTooLarge = &httpError{status: http.StatusRequestEntityTooLarge, code: "invalid_request", description: "the form is larger than 16 KiB"}
)

// readPageBody reads the body of a form.
func readPageBody(r *http.Request) (string, error) {
	if checkFormType(r.Header.Values("Content-Type")) != nil {
		return "", errPageFormType
	}
	body, err := readBody(r)
	if err != nil {
		return "", err
	}
	if len(body) > maxPageForm {
		return "", errPageTooLarge
	}
	return body, nil
}

// readPageForm reads the fields of a page's form. A field given twice, a broken encoding or
// text that is not UTF-8 is refused; other fields are ignored. A name that ends in * stands for all
// that begin so.
func readPageForm(r *http.Request, fields ...string) (map[string]string, error) {
	body, err := readPageBody(r)
	if err != nil {
		return nil, err
	}
	f := map[string]string{}
	for n := 0; body != ""; n++ {
		if n == maxParameters {
			return nil, errTooManyParameters
		}
		var pair string
		pair, body, _ = strings.Cut(body, "&")
		if err := addField(f, pair, fields); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func addField(f map[string]string, pair string, fields []string) error {
	name, value, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		return errEncoding
	}
	if !slices.ContainsFunc(fields, func(field string) bool { return takesField(field, name) }) {
		return nil
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return errEncoding
	}
	if !validText(value, true) {
		return errCharacters
	}
	if _, again := f[name]; again {
		return errDuplicateParameter
	}
	f[name] = value
	return nil
}

// takesField tells whether a name is that of a field, or begins as its does before a *.
func takesField(field, name string) bool {
	if begin, open := strings.CutSuffix(field, "*"); open {
		return strings.HasPrefix(name, begin)
	}
	return field == name
}
