package main

import (
	"github.com/spf13/pflag"

	"example.org/signet/issuer/admin"
)

// forceFlag is --allow-no-super-admin, which allows removing the last super_admin.
type forceFlag struct{ allowed bool }

func (force *forceFlag) add(f *pflag.FlagSet) {
	f.BoolVar(&force.allowed, "allow-no-super-admin", false, "allow that no user holds super_admin afterwards; only the command line can then create one")
}

// operator returns the operator of the command, with the override if the flag was given.
func (force *forceFlag) operator(ac *adminContext) *admin.Admin {
	if force.allowed {
		return ac.operator.AllowNoSuperAdmin()
	}
	return ac.operator
}
