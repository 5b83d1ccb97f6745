package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

const (
	envPrefix    = "SIGNET_"
	envMasterKey = envPrefix + "MASTER_KEY" // the key itself, so never a flag
)

// settingFaults are all faults of the settings at once.
type settingFaults []error

func (f settingFaults) Error() string {
	texts := make([]string, len(f))
	for n, err := range f {
		texts[n] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (f settingFaults) Unwrap() []error { return f }

// envName is the environment variable of a setting.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// resolve fills in, from the environment and the file, what the command line
// (flags) has left open, and checks the whole.
func (s *settings) resolve(flags *pflag.FlagSet, env map[string]string) error {
	given := func(name string) bool { f := flags.Lookup(name); return f != nil && f.Changed }
	s.masterKeyText = env[envMasterKey]
	for n := range s.otherKeys {
		s.otherKeys[n].text = env[s.otherKeys[n].env]
	}
	whole := flags.Lookup("config") != nil // else the command looks at its own settings only
	if value, ok := env[envName("config")]; ok && whole && !given("config") {
		s.configFile = value
	}
	file, faults := readConfig(s.configFile, s.all)
	s.all.VisitAll(func(f *pflag.Flag) {
		value, inEnv := env[envName(f.Name)]
		entry, inFile := file[f.Name]
		switch {
		case f.Name == "config", !whole && flags.Lookup(f.Name) == nil:
		case given(f.Name):
			s.origin[f.Name] = "--" + f.Name
		case inEnv:
			s.origin[f.Name] = envName(f.Name)
			faults = append(faults, s.take(f, value)...)
		case inFile:
			s.origin[f.Name] = fmt.Sprintf("%s line %d: %s", s.configFile, entry.line, f.Name)
			faults = append(faults, s.take(f, entry.text)...)
		}
	})
	if len(faults) == 0 {
		faults = s.check()
	}
	if len(faults) > 0 {
		return settingFaults(faults)
	}
	return nil
}

// take sets a setting from its text.
func (s *settings) take(f *pflag.Flag, text string) []error {
	if err := f.Value.Set(text); err != nil {
		return []error{s.fault(f.Name, "%s", wrongValue(f, text))}
	}
	return nil
}

// chosen tells whether anybody has chosen the setting's value.
func (s *settings) chosen(name string) bool { return s.origin[name] != "" }

// fault words what is wrong with a setting. It begins with the flag's name,
// and says from where the value came if it was not the command line.
func (s *settings) fault(name, format string, args ...any) error {
	text := "--" + name + ": " + fmt.Sprintf(format, args...)
	if from := s.origin[name]; from != "" && from != "--"+name {
		text += " (from " + from + ")"
	}
	return fmt.Errorf("%s", text)
}

// wrongValue says what a setting of that type looks like. Free text is never
// wrong here, so no secret is repeated.
func wrongValue(f *pflag.Flag, value string) string {
	if value == "" {
		return "is empty"
	}
	switch f.Value.Type() {
	case "duration":
		return fmt.Sprintf("%q is not a duration such as 30s, 15m or 720h", value)
	case "int", "uint32":
		return fmt.Sprintf("%q is not a whole number within bounds", value)
	case "bool":
		return fmt.Sprintf("%q is neither true nor false", value)
	}
	return fmt.Sprintf("%q cannot be read", value)
}
