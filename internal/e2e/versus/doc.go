// Package versus holds one benchmark: package verify beside the libraries that
// people would otherwise check access tokens with. It is a module of its own, so
// that they stay out of Signet's.
package versus
