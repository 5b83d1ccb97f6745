//go:build !failpoint

package failpoint

// Enabled tells whether this binary has failpoints.
const Enabled = false

// Hit does nothing: this binary has no failpoints.
func Hit(Point) error { return nil }
