//go:build !unix || solaris || aix

package mongotest

// lock does nothing where there are no file locks: then test binaries that run
// side by side build the server each for itself, and the last rename stands.
func lock(string) (unlock func(), err error) { return func() {}, nil }
