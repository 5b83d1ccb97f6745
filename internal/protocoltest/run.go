package protocoltest

import (
	"os"
	"testing"
)

// suites are the cases by what they are about.
var suites = []struct {
	name  string
	cases []testCase
}{
	{"Form", formCases},
	{"ClientAuthentication", clientAuthCases},
	{"Grants", grantCases},
	{"Login", loginCases},
	{"TokenSize", tokenSizeCases},
	{"Throttle", throttleCases},
	{"ThrottleNetworks", throttleNetworkCases},
	{"Refresh", refreshCases},
	{"RefreshRights", refreshRightsCases},
	{"Code", codeCases},
	{"CodeSessions", codeSessionCases},
	{"CodeReplay", codeReplayCases},
	{"CodeTokens", codeTokenCases},
	{"CodeByBrowser", codeBrowserCases},
	{"Devices", deviceCases},
	{"DeviceCodes", deviceCodeCases},
	{"Rights", rightsCases},
	{"ClientRights", clientRightsCases},
	{"RoleDeletion", roleDeletionCases},
	{"RoleRename", roleRenameCases},
	{"Unaudited", unauditedCases},
	{"ClockJumps", clockJumpCases},
	{"RefreshRaces", raceCases},
	{"Forgery", forgeryCases},
	{"AdminForgery", adminForgeryCases},
	{"Claims", claimCases},
	{"Introspection", introspectionCases},
	{"Revocation", revocationCases},
	{"UserInfo", userInfoCases},
	{"SelfService", selfServiceCases},
	{"Registration", registerCases},
	{"EmailVerified", verifiedCases},
	{"GivenIDs", givenIDCases},
	{"Access", accessCases},
	{"APIScopes", apiScopeCases},
	{"Injection", injectionCases},
	{"Admin", adminCases},
	{"AdminSignIn", adminSignInCases},
	{"Authorization", authzCases},
	{"Conditions", conditionCases},
	{"Bootstrap", bootstrapCases},
	{"Documents", documentCases},
	{"AuthorizeRequest", authorizeRequestCases},
	{"AuthorizeRedirect", authorizeRedirectCases},
	{"AuthorizePages", authorizePageCases},
	{"Conformance", conformanceCases},
	{"Metadata", metadataCases},
	{"BrowserSessions", browserSessionCases},
	{"SignInOperation", signInOperationCases},
	{"Account", accountCases},
	{"OwnBrowsers", ownBrowserCases},
	{"SecondFactors", factorCases},
	{"FactorGuesses", guessCases},
	{"Passkeys", passkeyCases},
	{"PhishingResistant", phishingResistantCases},
	{"Upstream", upstreamCases},
	{"Console", consoleCases},
	{"ConsoleOverview", consoleOverviewCases},
	{"ConsolePeople", consolePeopleCases},
	{"ConsoleSettings", consoleSettingsCases},
	{"ConsoleApplications", consoleApplicationCases},
	{"ClientConnect", clientConnectCases},
	{"ConsoleRoles", consoleRolesCases},
	{"ConsoleKeys", consoleKeysCases},
	{"ConsoleSessions", consoleSessionsCases},
	{"ConsoleAudit", consoleAuditCases},
	{"FactorPolicies", factorPolicyCases},
	{"AdminFactors", adminFactorCases},
	{"AdminDiagnosis", adminDiagnosisCases},
	{"AdminBulk", adminBulkCases},
	{"Mail", mailCases},
	{"Status", statusCases},
	{"StatusFaults", statusFaultCases},
	{"CORS", corsCases},
	{"HTTP", httpCases},
	{"Faults", faultCases},
	{"Cost", costCases},
	{"Log", logCases},
	{"Audit", auditCases},
	{"Health", healthCases},
	{"Sessions", sessionCases},
	{"Logout", logoutCases},
	{"UnmarkedSessions", unmarkedCases},
	{"Restore", restoreCases},
	{"Description", descriptionCases},
	{"DocsPage", docsPageCases},
}

// Run runs the whole protocol suite against a backend.
func Run(t *testing.T, open OpenStore) {
	coverage, cases := newCoverage(), 0
	for _, c := range suites {
		cases += len(c.cases)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runCases(t, open, coverage, c.cases)
		})
	}
	t.Cleanup(func() { coverage.checkComplete(t, cases) })
}

// testCase is one attack or fault, run against a Signet of its own.
type testCase struct {
	name      string // begins with the id of the attack or fault
	configure func(*Options)
	run       func(t *testing.T, s *Signet)
}

func runCases(t *testing.T, open OpenStore, coverage *coverage, cases []testCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			configure := c.configure
			if configure == nil {
				configure = func(*Options) {}
			}
			c.run(t, Start(t, open, configure, func(o *Options) { o.coverage = coverage }))
			coverage.caseDone()
		})
	}
}

// rounds is how often a race is run: a few times, and many where
// SIGNET_TEST_SLOW=1 asks for it.
func rounds(few, many int) int {
	if os.Getenv("SIGNET_TEST_SLOW") == "1" && !testing.Short() {
		return many
	}
	return few
}
