package issuer

import (
	"example.org/signet/internal/secret"
)

// Secret is a password, a client secret or a token on its way in.
type Secret = secret.Text
