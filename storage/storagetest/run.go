package storagetest

import (
	"testing"

	"example.org/signet/storage"
)

// A contract is one promise of package storage. It gets an empty store.
type contract struct {
	name  string
	check func(t *testing.T, s storage.Store)
}

// Run checks every promise that a [storage.Store] makes. Each call of open
// returns a new, empty store that is closed when its test ends; a test may
// close it earlier.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	groups := []struct {
		name      string
		contracts []contract
	}{
		{"Users", userContracts},
		{"Logins", loginContracts},
		{"UserLists", userListContracts},
		{"Roles", roleContracts},
		{"Clients", clientContracts},
		{"SharedSets", sharedSetContracts},
		{"Sessions", sessionContracts},
		{"Rotation", rotationContracts},
		{"SessionState", sessionStateContracts},
		{"Replays", replayContracts},
		{"Epochs", epochContracts},
		{"SessionRevocation", sessionRevokeContracts},
		{"SessionLimits", sessionLimitContracts},
		{"Codes", codeContracts},
		{"DeviceRequests", deviceRequestContracts},
		{"BrowserSessions", browserSessionContracts},
		{"Consents", consentContracts},
		{"Factors", factorContracts},
		{"Connectors", connectorContracts},
		{"UserLinks", userLinkContracts},
		{"ScopeTexts", scopeTextContracts},
		{"AttributeSchemas", attributeSchemaContracts},
		{"ClientLogos", clientLogoContracts},
		{"Outbox", outboxContracts},
		{"Status", statusContracts},
		{"Revocations", revocationContracts},
		{"RateCounters", rateCounterContracts},
		{"LoginRecords", loginRecordContracts},
		{"Keys", keyContracts},
		{"Audit", auditContracts},
		{"Backups", backupContracts},
		{"Pages", pageContracts},
		{"Values", valueContracts},
		{"Injection", injectionContracts},
		{"Contexts", contextContracts},
		{"Health", healthContracts},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.contracts {
				t.Run(c.name, func(t *testing.T) { c.check(t, open(t)) })
			}
		})
	}
}
