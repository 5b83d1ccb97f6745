package selfservice_test

import (
	"testing"

	"example.org/signet/internal/fielderror"
	"example.org/signet/issuer/selfservice"
)

// Registration and one's own account are played through HTTP by internal/protocoltest.

func TestConfig_KnowsItsPolicies(t *testing.T) {
	for policy, want := range map[selfservice.RegistrationPolicy]bool{
		"": true, selfservice.RegistrationClosed: true, selfservice.RegistrationClient: true, selfservice.RegistrationOpen: true, "everybody": false,
	} {
		faults := fielderror.All(selfservice.Config{Registration: policy}.Validate())
		if ok := len(faults) == 0; ok != want || !ok && faults[0].Field != "registration" {
			t.Errorf("%q: faults %v, want valid %t", policy, faults, want)
		}
	}
}
