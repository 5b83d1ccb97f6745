package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"example.org/signet/storage"
)

// throttleClaim is the claim of an attempt for a place in one counter.
type throttleClaim struct {
	storage.CounterClaim
	forgiven bool  // a right secret clears the counter
	failures int64 // that were counted when the place was taken
}

// Networks from which an account has logged in are left out of its own limit: so
// strangers cannot lock the owner out of where they live and work.
const (
	knownNetworkFor  = 90 * 24 * time.Hour
	maxKnownNetworks = 32 // of one account within that time
)

// claims lists the counters of an attempt, the widest first.
func (t *Throttler) claims(a Attempt) (claims []throttleClaim) {
	add := func(limit Limit, key, unless string, forgiven bool) {
		if limit.Attempts > 0 {
			c := storage.CounterClaim{Key: key, Limit: limit.Attempts, Window: limit.Window, Unless: unless}
			claims = append(claims, throttleClaim{CounterClaim: c, forgiven: forgiven})
		}
	}
	account := accountPrefix(a.Kind, a.Account)
	switch a.Kind {
	case AttemptOwnPassword: // whoever has no session cannot make it count
		add(t.limits.PerAccountNetwork, account+"session:"+hashKey(a.Session), "", true)
		return claims
	case AttemptName:
		add(t.limits.Registrations, account+"all", "", false)
		fallthrough
	case AttemptRegistration:
		if a.Info.Backend != "" {
			add(t.limits.RegistrationsByBackend, counterKey(AttemptRegistration, "client", a.Info.Backend), "", false)
			return claims
		}
		for _, n := range a.Info.networks() {
			add(t.limits.Registrations.wider(n.manyTimes), counterKey(AttemptRegistration, "network", n.prefix), "", false)
		}
		return claims
	case AttemptMail:
		add(t.limits.Mails, "mail:all", "", false)
		for _, n := range a.Info.networks() {
			add(t.limits.MailsPerNetwork.wider(n.manyTimes), counterKey(AttemptMail, "network", n.prefix), "", false)
		}
		add(t.limits.MailsPerName, account+classAll, "", false)
		return claims
	case AttemptMailCode:
		add(mailCodeLimit, account+classAll, "", false)
		return claims
	case AttemptUserCode:
		add(userCodeLimit, counterKey(a.Kind, "all", ""), "", false)
		for _, n := range a.Info.networks() {
			add(userCodesPerNetwork.wider(n.manyTimes), counterKey(a.Kind, "network", n.prefix), "", false)
		}
		if a.Session != "" {
			add(userCodesPerBrowser, counterKey(a.Kind, "browser", a.Session), "", true)
		}
		return claims
	}
	if a.Info.Backend == "" {
		for _, n := range a.Info.networks() {
			add(t.limits.PerNetwork.wider(n.manyTimes), counterKey(a.Kind, "network", n.prefix), "", false)
		}
	}
	if a.Kind != AttemptBootstrap { // that secret is too long to be guessed from many places
		add(t.limits.PerAccount, account+classAll, knownNetworkKey(a), false)
	}
	for _, n := range a.Info.networks() {
		// People whom one client brings share its counter: one who is right forgives no other.
		add(t.limits.PerAccountNetwork.wider(n.someTimes), account+n.name+":"+hashKey(n.prefix), "", a.Info.Backend == "")
	}
	return claims
}

// mailCodeLimit bounds the guesses at one code, which has 40 bits.
var mailCodeLimit = Limit{10, time.Hour}

// Limits on wrong user codes of devices, which have 34 bits (RFC 8628 §5.1): from one browser
// session, from one network and from everywhere. A thousand requests that are pending all day meet
// one right guess in three years.
var (
	userCodesPerBrowser = Limit{10, 15 * time.Minute}
	userCodesPerNetwork = Limit{30, 15 * time.Minute}
	userCodeLimit       = Limit{1000, time.Hour}
)

// wider is the limit of a network that holds several, in halves of the narrowest one's.
func (l Limit) wider(halves int64) Limit {
	l.Attempts = (l.Attempts*halves + 1) / 2
	return l
}

// classAll is the class of the counter of an account from anywhere.
const classAll = "all"

// Lock describes a full counter: attempts at the account are refused.
type Lock struct {
	By    string    `json:"by"` // "account": from networks that are new to it; "network": from one network or client
	Until time.Time `json:"until"`
}

// Counted tells whether any attempt at the user's passwords is counted.
func (t *Throttler) Counted(ctx context.Context, userID string) (bool, error) {
	for _, kind := range passwordKinds {
		running, err := t.store.Counters(ctx, storage.Time(t.now()), accountPrefix(kind, userID))
		if err != nil {
			return false, unavailable(err)
		}
		if slices.ContainsFunc(running, func(c storage.RateCounter) bool { return c.Count > 0 }) {
			return true, nil
		}
	}
	return false, nil
}

// passwordKinds are the attempts at a user's password.
var passwordKinds = []AttemptKind{AttemptLogin, AttemptOwnPassword}

// Locks returns the counters of a user that are full: by one entry a network.
func (t *Throttler) Locks(ctx context.Context, userID string) ([]Lock, error) {
	now := storage.Time(t.now())
	prefix := accountPrefix(AttemptLogin, userID)
	running, err := t.store.Counters(ctx, now, prefix)
	if err != nil {
		return nil, unavailable(err)
	}
	var locks []Lock
	for _, c := range running {
		class, _, _ := strings.Cut(strings.TrimPrefix(c.Key, prefix), ":")
		by, limit := "network", t.limits.PerAccountNetwork
		switch class {
		case classAll:
			by, limit = "account", t.limits.PerAccount
		case widest.name:
			limit = limit.wider(widest.someTimes)
		case wide.name:
			limit = limit.wider(wide.someTimes)
		}
		if limit.Attempts > 0 && c.Count-c.Held >= limit.Attempts {
			locks = append(locks, Lock{By: by, Until: c.ResetAt})
		}
	}
	return locks, nil
}

// Unlock removes the counters of a user's passwords.
func (t *Throttler) Unlock(ctx context.Context, userID string) error {
	var actions []storage.CounterSettlement
	for _, kind := range passwordKinds {
		actions = append(actions, storage.CounterSettlement{Key: accountPrefix(kind, userID), Action: storage.CounterClearAll})
	}
	_, err := t.store.SettleCounters(ctx, actions...)
	return unavailableOrNil(err)
}

// knownNetworkClaims remember the network from which the right secret came.
func knownNetworkClaims(a Attempt) []storage.CounterClaim {
	return []storage.CounterClaim{
		{Key: "known:" + accountPrefix(a.Kind, a.Account) + "all", Limit: maxKnownNetworks, Window: knownNetworkFor},
		{Key: knownNetworkKey(a), Limit: maxKnownNetworks, Window: knownNetworkFor},
	}
}

func knownNetworkKey(a Attempt) string {
	return "known:" + accountPrefix(a.Kind, a.Account) + "network:" + hashKey(a.Info.Network())
}

// accountPrefix is what the keys of all counters of an account begin with.
func accountPrefix(kind AttemptKind, account string) string {
	return counterKey(kind, "account", account) + ":"
}

func counterKey(kind AttemptKind, class, value string) string {
	return string(kind) + ":" + class + ":" + hashKey(value)
}

// hashKey returns a hash of the key: what a person typed into the name field may be their
// password, and must not be stored.
func hashKey(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
