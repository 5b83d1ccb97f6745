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

// settingErrors are all errors of the settings at once.
type settingErrors []error

func (f settingErrors) Error() string {
	texts := make([]string, len(f))
	for n, err := range f {
		texts[n] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (f settingErrors) Unwrap() []error { return f }

// envName is the environment variable of a setting.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// resolve fills in, from the environment and the file, what the command line
// (flags) has left open, and checks the whole.
func (s *settings) resolve(flags *pflag.FlagSet, env map[string]string) error {
	onCommandLine := func(name string) bool { f := flags.Lookup(name); return f != nil && f.Changed }
	s.masterKeyText = env[envMasterKey]
	for n := range s.otherKeys {
		s.otherKeys[n].text = env[s.otherKeys[n].env]
	}
	allSettings := flags.Lookup("config") != nil // else the command looks at its own settings only
	if value, ok := env[envName("config")]; ok && allSettings && !onCommandLine("config") {
		s.configFile = value
	}
	file, errs := readConfig(s.configFile, s.all)
	s.all.VisitAll(func(f *pflag.Flag) {
		value, inEnv := env[envName(f.Name)]
		entry, inFile := file[f.Name]
		switch {
		case f.Name == "config", !allSettings && flags.Lookup(f.Name) == nil:
		case onCommandLine(f.Name):
			s.origin[f.Name] = "--" + f.Name
		case inEnv:
			s.origin[f.Name] = envName(f.Name)
			errs = append(errs, s.setText(f, value)...)
		case inFile:
			s.origin[f.Name] = fmt.Sprintf("%s line %d: %s", s.configFile, entry.line, f.Name)
			errs = append(errs, s.setText(f, entry.text)...)
		}
	})
	if len(errs) == 0 {
		errs = s.check()
	}
	if len(errs) > 0 {
		return settingErrors(errs)
	}
	return nil
}

// setText sets a setting from its text.
func (s *settings) setText(f *pflag.Flag, text string) []error {
	if err := f.Value.Set(text); err != nil {
		return []error{s.errorf(f.Name, "%s", wrongValue(f, text))}
	}
	return nil
}

// isSet tells whether the setting's value was given anywhere.
func (s *settings) isSet(name string) bool { return s.origin[name] != "" }

// errorf returns an error about a setting. It begins with the flag's name, and
// says where the value came from if that was not the command line.
func (s *settings) errorf(name, format string, args ...any) error {
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
