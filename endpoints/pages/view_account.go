package pages

import "time"

// Account is what all pages of the account show. Their forms go to paths below /account:
//
//	/account/profile            full_name, email, phone, version, attribute.NAME of each that may be changed
//	/account/email/confirm      nothing                             sends a mail to confirm the address
//	/account/password           current_password, new_password, new_password_again
//	/account/factors/add        current_password where it is asked for             shows a QR code
//	/account/factors/confirm    enrolment, code                                    adds the app
//	/account/factors/remove     current_password where it is asked for             removes the app
//	/account/factors/passkeys/add      current_password where it is asked for      shows the page of the script
//	/account/factors/passkeys/confirm  challenge, response, name            adds the passkey
//	/account/factors/passkeys/rename   passkey=ID, name
//	/account/factors/passkeys/remove   passkey=ID, current_password where it is asked for
//	/account/factors/codes      current_password where it is asked for             makes recovery codes
//	/account/sessions/end       session=HANDLE                      ends a browser session
//	/account/sessions/end-all   keep=1 where the box is ticked      signs out everywhere
//	/account/apps/sign-out      session=ID                          ends the session of one application
//	/account/apps/withdraw      client_id=ID                        takes a consent back
//	/account/linked/remove      account=ID                          removes an account at another provider
//	Connector.Action            link=1                              adds one
//	LogoutURL                   decision=sign-out                   signs out here
type Account struct {
	User      User
	Notice    Notice
	Problem   Problem
	Linkable  bool   // people can sign in at other providers
	LogoutURL string // where the button "Sign out" goes by POST; "" means /oauth2/logout
}

// Notice is what has just been done: a key of the catalogs under "notice.".
type Notice string

const (
	NoticeNone            Notice = ""
	NoticeSaved           Notice = "saved"
	NoticePasswordChanged Notice = "password_changed"
	NoticeFactorRemoved   Notice = "factor_removed"
	NoticePasskeyAdded    Notice = "passkey_added"
	NoticePasskeyRenamed  Notice = "passkey_renamed"
	NoticePasskeyRemoved  Notice = "passkey_removed"
	NoticeSessionEnded    Notice = "session_ended"
	NoticeAllEnded        Notice = "all_ended"
	NoticeAppSignedOut    Notice = "app_signed_out"
	NoticeWithdrawn       Notice = "withdrawn"
	NoticeMailSent        Notice = "mail_sent"
	NoticeAccountLinked   Notice = "account_linked"
	NoticeAccountTaken    Notice = "account_taken"
	NoticeAccountUnlinked Notice = "account_unlinked"
)

// AccountView is /account: the profile.
type AccountView struct {
	Account
	Version string // sent back with the form, to notice a change made elsewhere; "" for none
	Address AddressState

	Attributes []AttributeField
}

// AttributeField is one of the operator's own fields of users. It is sent as attribute.NAME.
type AttributeField struct {
	Name      string // a letter, then letters, digits, - and _
	Text      string // the operator's words for it, "" for none; those of the catalog come first
	Type      AttributeType
	Value     string // true or false of a yes or no; lines of a list; "" for none
	MaxLength int    // of a text or of each line, in bytes; 0 for none
	ReadOnly  bool
	Invalid   bool // what was typed does not fit
}

// AttributeType says what a field takes.
type AttributeType string

// The types.
const (
	AttributeString  AttributeType = "string"
	AttributeInteger AttributeType = "integer"
	AttributeBoolean AttributeType = "boolean"
	AttributeStrings AttributeType = "strings"
)

// AddressState says whether the user's e-mail address is confirmed: a key of the catalogs under
// "account.".
type AddressState string

// The states. The last offers a mail.
const (
	AddressUnknown     AddressState = ""
	AddressConfirmed   AddressState = "address_confirmed"
	AddressUnconfirmed AddressState = "address_unconfirmed"
)

// AccountPasswordView is /account/password.
type AccountPasswordView struct {
	Account
	PasswordMin int // fewest characters; 0 says nothing
	RetryAfter  time.Duration
}

// AccountFactorsView is /account/factors: what is asked for beside the password.
type AccountFactorsView struct {
	Account
	App         *Factor // the authenticator app; nil for none
	Passkeys    []Passkey
	CanPasskeys bool // passkeys can be added
	CodesLeft   int  // recovery codes that are not used
	AskPassword bool // the forms ask for the password: the sign-in is not fresh
	RetryAfter  time.Duration
}

// Passkey is one passkey.
type Passkey struct {
	ID     string
	Name   string
	Synced bool
	Factor
}

// AccountPasskeyView asks for the name of a new passkey, and the script has the browser make it.
type AccountPasskeyView struct {
	Account
	Passkey PasskeyRequest
}

// Factor is one second factor.
type Factor struct {
	Since    time.Time
	LastUsed time.Time // zero for never
}

// AccountEnrolView shows the QR code of an authenticator app, and asks for its first code.
type AccountEnrolView struct {
	Account
	Enrolment string // of the form
	Secret    string // the same as the QR code, to be typed
	URI       string // otpauth: the same for an app on this device
	QRSize    int    // of each side, in units of the path
	QRPath    string // what is dark
}

// AccountCodesView shows new recovery codes, this once.
type AccountCodesView struct {
	Account
	Codes   []string
	Added   bool // together with a factor
	Passkey bool // which is a passkey
}

// AccountSessionsView is /account/sessions: where the person is signed in.
type AccountSessionsView struct {
	Account
	Sessions []BrowserSession // the current one first
	Others   []AppSession     // of no living browser session
	More     bool             // there are more than are shown
}

// BrowserSession is one sign-in in one browser.
type BrowserSession struct {
	Handle     string // names it in the form; never its record's id
	Current    bool   // it is the one that looks at the page
	Device     string // "" for unknown
	Network    string // "" for unknown
	SignedIn   time.Time
	LastSeen   time.Time
	Until      time.Time // ends then at the latest
	Remembered bool
	Apps       []AppSession
}

// AppSession is the session that one application has.
type AppSession struct {
	ID       string
	Client   Client
	Since    time.Time
	LastUsed time.Time // zero for unknown
	Offline  bool      // outlives the sign-in
}

// AccountAppsView is /account/apps: what the person has allowed.
type AccountAppsView struct {
	Account
	Consents []Consent
	More     bool // there are more than are shown
}

// Consent is what the person has allowed one application.
type Consent struct {
	Client    Client
	Scopes    []Scope
	Audiences []string
	Since     time.Time // of the newest change
}

// AccountLinkedView is /account/linked: the accounts at other providers that sign the person in.
type AccountLinkedView struct {
	Account
	Linked     []LinkedAccount
	Connectors []Connector // that an account can be added at
	Fresh      bool        // the sign-in is fresh enough for a change
}

// LinkedAccount is one account at another provider. Its texts come from there.
type LinkedAccount struct {
	ID       string
	Provider string
	Email    string // "" for none
	Name     string // "" for none
	Since    time.Time
	LastUsed time.Time // zero for never
}
