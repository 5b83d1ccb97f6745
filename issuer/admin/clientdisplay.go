package admin

import (
	"errors"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// ClientDisplay is what people are shown of a client.
type ClientDisplay struct {
	HomeURI   string   `json:"client_uri,omitempty"`
	LogoURI   string   `json:"logo_uri,omitempty"` // where the logo was fetched from
	PolicyURI string   `json:"policy_uri,omitempty"`
	TermsURI  string   `json:"tos_uri,omitempty"`
	Contacts  []string `json:"contacts,omitempty"`
}

// ClientDisplayChange changes the fields that are not nil. An empty URI stands for none.
type ClientDisplayChange struct {
	HomeURI   *string
	LogoURI   *string
	PolicyURI *string
	TermsURI  *string
	Contacts  *[]string
}

func toClientDisplay(c storage.Client) ClientDisplay {
	return ClientDisplay{HomeURI: c.HomeURI, LogoURI: c.LogoURI, PolicyURI: c.PolicyURI, TermsURI: c.TermsURI, Contacts: c.Contacts}
}

// apply checks the change and makes it on c. It returns every field at fault.
func (ch ClientDisplayChange) apply(c *storage.Client) error {
	var v validation
	v.set(&c.HomeURI, ch.HomeURI, optionalURI("client_uri"))
	v.set(&c.LogoURI, ch.LogoURI, optionalURI("logo_uri"))
	v.set(&c.PolicyURI, ch.PolicyURI, optionalURI("policy_uri"))
	v.set(&c.TermsURI, ch.TermsURI, optionalURI("tos_uri"))
	v.addAll(setLists([]listChange{{"contacts", ch.Contacts, &c.Contacts, maxContacts, checkContact}}))
	return v.err()
}

// checkContact checks one line of text, such as an e-mail address.
func checkContact(s string) error {
	text, err := checkText("contacts", s, maxContact)
	var bad *issuer.FieldError
	switch {
	case errors.As(err, &bad):
		return errors.New(quote(s) + " " + bad.Reason)
	case err != nil:
		return err
	case text == "" || text != s:
		return errors.New(quote(s) + " must not be empty or begin or end with a blank")
	}
	return nil
}
