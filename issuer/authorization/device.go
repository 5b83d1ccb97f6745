package authorization

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// DeviceParam is the parameter of a page's URL that stands for the request of a device (RFC 8628).
const DeviceParam = "device"

// maxDevice bounds the text of a Device, in characters.
const maxDevice = 400

// Device says which request of a device somebody has typed the code of. It leads to the page that
// asks whether to allow it, as the code itself does, and is part of the URLs of pages in its stead.
type Device struct {
	ID       string    `json:"i"` // of the storage.DeviceRequest
	UserCode string    `json:"c"` // as people are shown it
	Until    time.Time `json:"t"` // when the request expires
}

// deviceVersion tells a Device from a stamp.
const deviceVersion = 0x84

func (s *Sealer) deviceData() []byte { return append([]byte("device\x00"), s.issuer...) }

// SealDevice returns the device as text for a URL.
func (s *Sealer) SealDevice(d Device) (string, error) {
	plain, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("seal device: %w", err)
	}
	b, err := s.seal(deviceVersion, plain, s.deviceData())
	if err != nil {
		return "", fmt.Errorf("seal device: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// OpenDevice returns the device; the zero Device for any text that is none of this issuer, and
// after its end.
func (s *Sealer) OpenDevice(text string, now time.Time) (d Device) {
	if len(text) > maxDevice {
		return Device{}
	}
	plain, ok := s.open(deviceVersion, text, s.deviceData())
	if !ok || json.Unmarshal(plain, &d) != nil || !now.Before(d.Until) {
		return Device{}
	}
	return d
}

// ForDevice tells whether the parameters stand for the request of a device: they name one, and no
// client.
func (p Params) ForDevice() bool {
	_, named := p.values["client_id"]
	return !named && p.values[DeviceParam] != ""
}

// DeviceQuery returns the query of the pages for a sealed Device.
func DeviceQuery(sealed string) string { return DeviceParam + "=" + sealed }

// DeviceRequest returns the request of a device, with what the URL of a page may say beside it:
// that another user is to sign in, and the language. The rest is recorded.
func (p Params) DeviceRequest(clientID string, scopes []string, resource string) Request {
	return Request{
		ClientID: clientID, Asked: scopes, Scopes: scopes, Resource: resource, Mode: ModeQuery,
		Device: p.Get(DeviceParam), UILocales: p.Get("ui_locales"),
		Prompt: Prompt{SelectAccount: strings.Contains(p.Get("prompt"), "select_account")},
	}
}

// DeviceEnded is the refusal of the request of a device that is not pending.
var DeviceEnded = pageRefusal(ProblemDevice, DeviceParam, "the request of the device has expired or was answered, or never was")
