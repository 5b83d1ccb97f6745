package main

import (
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
)

// forceFlag is --allow-no-super-admin, which allows removing the last super_admin.
type forceFlag struct{ allowed bool }

func (force *forceFlag) add(f *pflag.FlagSet) {
	f.BoolVar(&force.allowed, "allow-no-super-admin", false, "allow that no user holds super_admin afterwards; only the command line can then create one")
}

// request returns the request information of the command, with the override if
// the flag was given.
func (force *forceFlag) request(admin *adminContext) issuer.RequestInfo {
	request := admin.request
	if force.allowed {
		request.Allow = issuer.AllowNoSuperAdmin
	}
	return request
}
