package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// nearest returns the candidate that name was most likely meant to be, "" if none
// is near: at most two letters differ, and fewer than half of them.
func nearest(name string, candidates []string) string {
	best, least := "", 3
	for _, c := range candidates {
		if d := editDistance(name, c); d < least && 2*d < len(c) {
			best, least = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance of two texts, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// nearestFlag returns the flag that name was most likely meant to be, as nearest does, or the
// only one that begins with name; "" if there is none.
func nearestFlag(name string, flags []string) string {
	if meant := nearest(name, flags); meant != "" {
		return meant
	}
	var longer []string
	for _, f := range flags {
		if strings.HasPrefix(f, name) {
			longer = append(longer, f)
		}
	}
	if len(longer) != 1 {
		return ""
	}
	return longer[0]
}

func flagNames(f *pflag.FlagSet) []string {
	var names []string
	f.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return names
}

// suggestSetting returns a hint for an unknown key of the configuration file: the
// spelling of an environment variable, the master key itself, a slip of the finger.
func suggestSetting(name string, settings *pflag.FlagSet) string {
	if name == "master-key" {
		return ": give the file that holds it as master-key-file"
	}
	spelled := strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	if meant := nearest(strings.TrimPrefix(spelled, "signet-"), flagNames(settings)); meant != "" && meant != "config" {
		return ": did you mean " + meant + "?"
	}
	return "; signet serve --help lists them"
}

// unknownVariables returns the SIGNET_ variables that are not settings, except those
// of the tests and those that Kubernetes sets for services.
func unknownVariables(env map[string]string) []string {
	var unknown []string
	for name := range env {
		foreign := strings.HasPrefix(name, envPrefix+"TEST_") || ofService(name, env)
		if strings.HasPrefix(name, envPrefix) && !foreign && name != envMasterKey && name != envSMTPPassword && !isOtherKey(name) && settingName(name, settingFlags) == "" {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// ofService tells whether Kubernetes set the variable: for a service named signet
// SIGNET_SERVICE_HOST, SIGNET_PORT, SIGNET_PORT_8080_TCP_ADDR and others, for one
// named signet-db SIGNET_DB_SERVICE_HOST and so on.
func ofService(variable string, env map[string]string) bool {
	services := []string{strings.TrimSuffix(envPrefix, "_")}
	for name := range env {
		if service, ok := strings.CutSuffix(name, "_SERVICE_HOST"); ok {
			services = append(services, service)
		}
	}
	return slices.ContainsFunc(services, func(service string) bool {
		rest, ok := strings.CutPrefix(variable, service+"_")
		return ok && (rest == "PORT" || strings.HasPrefix(rest, "PORT_") || strings.HasPrefix(rest, "SERVICE_"))
	})
}

// suggestVariable returns the variable that an unknown one was meant to be, or "".
func suggestVariable(variable string) string {
	known := []string{envMasterKey}
	for _, k := range otherKeys {
		known = append(known, k.env)
	}
	for _, name := range flagNames(settingFlags) {
		known = append(known, envName(name))
	}
	for n, name := range known {
		known[n] = strings.TrimPrefix(name, envPrefix)
	}
	meant := nearest(strings.ToUpper(strings.TrimPrefix(variable, envPrefix)), known)
	if meant == "" {
		return ""
	}
	return envPrefix + meant
}

// hintVariable returns the end of a message about an unknown variable.
func hintVariable(variable string) string {
	if meant := suggestVariable(variable); meant != "" {
		return ": did you mean " + meant + "?"
	}
	return "; signet serve --help lists all settings"
}

// warnOfVariables says which variables look like a slip of the finger: a command that
// passed over SIGNET_STORGE would work on another store.
func (p *process) warnOfVariables() {
	for _, name := range unknownVariables(p.env) {
		if suggestVariable(name) != "" {
			p.messagef("signet: unknown environment variable %s%s", name, hintVariable(name))
		}
	}
}
