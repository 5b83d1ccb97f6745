package pages

import "time"

// ForgotView asks who has forgotten their password.
type ForgotView struct {
	Action     string
	Username   string // fills the field
	BackURL    string // to the sign-in
	Problem    Problem
	RetryAfter time.Duration
}

// ForgotCodeView says that a mail is on its way, if there is somebody to get it, and takes its code.
type ForgotCodeView struct {
	Action     string
	Request    string // of the form: what the code is for
	AgainURL   string // asks for another mail
	Problem    Problem
	RetryAfter time.Duration
}

// SetPasswordView lets who holds a link choose a password.
type SetPasswordView struct {
	Action      string
	Token       string // of the form
	User        User
	First       bool // the user has had no password
	PasswordMin int
	AskCode     bool   // another browser has asked for the link
	Code        string // fills its field
	Problem     Problem
	RetryAfter  time.Duration
}

// ConfirmAddressView asks who holds a link whether the address is theirs.
type ConfirmAddressView struct {
	Action string
	Token  string // of the form
	User   User
}

// MailDone is what a link has led to: a key of the catalogs under "maildone.".
type MailDone string

// What a link has led to.
const (
	MailLinkEnded        MailDone = "link_ended"
	MailPasswordSet      MailDone = "password_set"
	MailAddressConfirmed MailDone = "address_confirmed"
)

// MailDoneView says what a link has led to.
type MailDoneView struct {
	Done MailDone
	URL  string // goes on; "" for no link
}
