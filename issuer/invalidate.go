package issuer

// InvalidateClient makes the next request read the client from the store. Other instances
// notice a change when their entry expires.
func (i *Issuer) InvalidateClient(id string) { i.clients.invalidate(id) }

// InvalidateRoles makes the next request read the roles from the store, in the same way.
func (i *Issuer) InvalidateRoles() { i.roles.Invalidate() }

// InvalidateAttributes makes the next request read the schema of attributes from the store, in
// the same way.
func (i *Issuer) InvalidateAttributes() { i.attributes.Invalidate() }
