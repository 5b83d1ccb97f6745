package pages

import "time"

// Device is a device that asks to be signed in (RFC 8628), as it was when it asked. All of it but
// the code is what it says of itself.
type Device struct {
	UserCode string
	Name     string // "" where unknown
	Network  string // "" where unknown
	AskedAt  time.Time
}

// DeviceView is the page that asks for the code which a device shows. It sends user_code.
type DeviceView struct {
	Action     string
	UserCode   string // fills the field
	Problem    Problem
	RetryAfter time.Duration
}

// DeviceDone is what became of the request of a device.
type DeviceDone string

// What became of it.
const (
	DeviceApproved DeviceDone = "approved"
	DeviceDenied   DeviceDone = "denied"
	DeviceRefused  DeviceDone = "refused"
)

// DeviceDoneView says what became of the request of a device.
type DeviceDoneView struct {
	Done   DeviceDone
	Client Client
	// SwitchURL leads to signing in as somebody else, with DeviceRefused; "" for no link.
	SwitchURL string
}
