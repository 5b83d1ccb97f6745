package main

import (
	"github.com/spf13/pflag"
)

// forceFlag is --allow-no-super-admin, which allows removing the last super_admin.
type forceFlag struct{ allowed bool }

func (force *forceFlag) add(f *pflag.FlagSet) {
	f.BoolVar(&force.allowed, "allow-no-super-admin", false, "allow that no user holds super_admin afterwards; only the command line can then create one")
}

// admin returns the administration of the command, with the override if the flag was given. A
// server allows it to nobody.
func (force *forceFlag) admin(ac *adminContext) administration {
	if force.allowed && ac.operator != nil {
		return localAdmin{ac.operator.AllowNoSuperAdmin()}
	}
	return ac.admin
}
