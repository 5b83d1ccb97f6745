package endpointstest

import (
	"os"
	"testing"
)

// Run plays the whole protocol suite against a backend.
func Run(t *testing.T, open OpenStore) {
	l, scenes := newLedger(), 0
	for _, c := range []struct {
		name   string
		scenes []scene
	}{
		{"Form", formScenes},
		{"ClientAuthentication", clientScenes},
		{"Grants", grantScenes},
		{"Login", loginScenes},
		{"Refresh", refreshScenes},
		{"RefreshRights", rightsScenes},
		{"RefreshRaces", raceScenes},
		{"Forgery", forgeryScenes},
		{"OwnForgery", ownForgeryScenes},
		{"Claims", claimScenes},
		{"Introspection", introspectionScenes},
		{"Revocation", revocationScenes},
		{"UserInfo", userInfoScenes},
		{"SelfService", selfScenes},
		{"Registration", registerScenes},
		{"Access", accessScenes},
		{"JSON", jsonScenes},
		{"Admin", adminScenes},
		{"Power", powerScenes},
		{"Bootstrap", bootstrapScenes},
		{"Documents", documentScenes},
		{"Status", statusScenes},
		{"StatusTrouble", statusTroubleScenes},
		{"Browsers", browserScenes},
		{"HTTP", httpScenes},
		{"Faults", faultScenes},
		{"Cost", costScenes},
		{"Log", logScenes},
		{"Audit", auditScenes},
		{"Health", healthScenes},
		{"Sessions", sessionScenes},
		{"Description", describedScenes},
		{"Page", pageScenes},
	} {
		scenes += len(c.scenes)
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			play(t, open, l, c.scenes)
		})
	}
	t.Cleanup(func() { l.complete(t, scenes) })
}

// scene is one attack or fault, played against a Signet of its own.
type scene struct {
	name   string // begins with the id of what it plays
	adjust func(*Options)
	play   func(t *testing.T, s *Signet)
}

func play(t *testing.T, open OpenStore, l *ledger, scenes []scene) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			adjust := c.adjust
			if adjust == nil {
				adjust = func(*Options) {}
			}
			c.play(t, Start(t, open, adjust, func(o *Options) { o.ledger = l }))
			l.played()
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
