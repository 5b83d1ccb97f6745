package issuer

import "example.org/signet/storage"

// requestedAudience is what the tokens are for: the resource asked for (RFC 8707)
// if the client may use it, else the client's audiences, else the issuer
// itself, whose own API then is the only one that takes the token.
func (i *Issuer) requestedAudience(client storage.Client, resource string) ([]string, error) {
	allowed := client.Audiences
	if len(allowed) == 0 {
		allowed = []string{i.cfg.Issuer}
	}
	if resource == "" {
		return allowed, nil
	}
	if !contains(allowed, resource) {
		return nil, newError(InvalidTarget, "this client may not ask for that resource")
	}
	return []string{resource}, nil
}
