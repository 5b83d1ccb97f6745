package main

import (
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

// insistence is the flag that allows taking away the last super_admin.
type insistence struct{ even bool }

func (n *insistence) add(f *pflag.FlagSet) {
	f.BoolVar(&n.even, "even-last-super-admin", false, "go on where nobody would hold super_admin afterwards: only this command line can then make one")
}

// source is the office's, with what was insisted on.
func (n *insistence) source(o *office) issuer.Source {
	src := o.source
	if n.even {
		src.Allow = issuer.AllowNoSuperAdmin
	}
	return src
}
