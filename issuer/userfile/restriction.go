package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A restriction in the file must not be lost. A flag, a date or a state that restricts makes
// the user disabled. What may restrict and is not understood is reported as Unclear, so that
// the caller can stop the whole import.

// enabledStates and disabledStates are the words of common stores for an account's
// state, in the form of normalize.
var (
	enabledStates = words("active activated enabled enable ok normal confirmed verified approved registered valid live current open good a true yes 1")

	disabledStates = words("blocked banned suspended disabled inactive deleted locked lockedout archived deactivated terminated rejected closed expired " +
		"revoked removed pending unconfirmed unverified invited waiting staged provisioned deprovisioned recovery passwordexpired compromised " +
		"resetrequired forcechangepassword restricted frozen denied unapproved quarantined false no")
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// restrictingParts occur in the names of fields that may restrict and that the table of
// fields does not know.
var restrictingParts = []string{
	"block", "banned", "banuntil", "banreason", "isban", "userban", "locked", "lockout", "lockuntil", "suspen", "disabl", "deactiv", "delet", "revok", "archiv",
	"restrict", "forbid", "denied", "denylist", "inactiv", "terminat", "quarantin", "expire", "frozen", "unapproved", "notallowed", "isenable", "isactive",
}

// harmlessNames have such a part and restrict nothing.
var harmlessNames = words("lockoutenabled disableablecredentialtypes candelete passwordexpires passwordexpiresat tokenexpires tokenexpiresat")

// mayRestrict tells whether an unknown field may say something against its user.
func mayRestrict(name string, value any) bool {
	short := strings.TrimPrefix(normalize(name), "_")
	if harmlessNames[short] || says(value) == saysNothing {
		return false
	}
	for _, part := range restrictingParts {
		if strings.Contains(short, part) {
			return true
		}
	}
	return false
}

// answer is what a value says to the question whether something is the case.
type answer int

const (
	saysNothing answer = iota
	saysNo
	saysYes
)

// says reads a flag, or a time at which something became the case.
func says(value any) answer {
	switch value := value.(type) {
	case nil:
		return saysNothing
	case []any:
		if len(value) == 0 {
			return saysNothing
		}
		return saysYes
	case map[string]any:
		if len(value) == 0 {
			return saysNothing
		}
		return saysYes
	case mongoDate:
		return saysYes
	case string:
		switch strings.ToLower(strings.TrimSpace(value)) {
		case "", "null", "none", "never", "-", "n/a", `\n`:
			return saysNothing
		}
		if strings.HasPrefix(value, "0000-00-00") || strings.HasPrefix(value, "0001-01-01") {
			return saysNothing
		}
	}
	switch set, err := toBool(value); {
	case err != nil, set:
		return saysYes
	}
	return saysNo
}

// setDisabled gathers all that the record says about whether its user may log in.
func (v values) setDisabled(r *draft) error {
	for f, inverse := range map[field]bool{fieldDisabled: false, fieldActive: true} {
		if v[f] == nil {
			continue
		}
		set, err := toBool(v[f])
		if err != nil {
			return fmt.Errorf("%s %w", f, err)
		}
		off := set != inverse
		if r.Disabled != nil && *r.Disabled != off {
			return errors.New("disabled and is_active contradict each other")
		}
		r.Disabled = &off
	}
	if v.restricted(r) {
		off := true
		r.Disabled = &off
	}
	return nil
}

// restricted tells whether another field than the plain flags restricts the user, and
// notes what cannot be told.
func (v values) restricted(r *draft) bool {
	restricted := says(v[fieldBlocked]) == saysYes
	if until := v[fieldUntil]; says(until) == saysYes {
		end, err := toTime(until)
		restricted = restricted || err != nil || !end.Before(r.now)
	}
	if v.expired(r) {
		restricted = true
	}
	switch state, known := stateOf(v[fieldStatus]); {
	case !known:
		r.unclear = append(r.unclear, Unclear{Field: r.names[fieldStatus], Reason: "has a value that may mean that its user must not log in"})
	case state:
		restricted = true
	}
	return restricted
}

// expired judges an account's end. One that is still to come cannot be kept.
func (v values) expired(r *draft) bool {
	value := v[fieldExpires]
	if says(value) != saysYes || isWindowsNever(value) {
		return false
	}
	if set, err := toBool(value); err == nil {
		return set
	}
	end, err := toTime(value)
	switch {
	case err != nil:
		return true
	case end.Before(r.now):
		return !end.IsZero()
	}
	r.unclear = append(r.unclear, Unclear{Field: r.names[fieldExpires], Reason: "says when an account ends, which cannot be kept"})
	return false
}

// isWindowsNever holds for the value of accountExpires that stands for never.
func isWindowsNever(value any) bool {
	switch value := value.(type) {
	case json.Number:
		return value.String() == "9223372036854775807"
	case string:
		return value == "9223372036854775807"
	}
	return false
}

// stateOf tells whether a state keeps its user out. Nothing said keeps nobody out.
func stateOf(value any) (restricts, known bool) {
	switch value := value.(type) {
	case nil:
		return false, true
	case bool:
		return !value, true
	case string:
		short := normalize(value)
		return disabledStates[short], enabledStates[short] || disabledStates[short] || says(value) == saysNothing
	}
	return false, false
}

// Unclear is a field that must not be left out without a word, and is not understood.
type Unclear struct {
	Field  string // its name in the file
	Reason string // what it may mean; never a value
}
