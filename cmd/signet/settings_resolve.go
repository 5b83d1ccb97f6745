package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"example.org/signet/internal/fielderror"
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

// settingName is the setting of an environment variable, "" if it is of none.
func settingName(variable string, settings *pflag.FlagSet) string {
	name := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(variable, envPrefix), "_", "-"))
	if settings.Lookup(name) == nil || envName(name) != variable {
		return ""
	}
	return name
}

// layer is the value of a setting in one place.
type layer struct {
	Text string // not yet parsed
	From string // the flag, the variable, or the line of the file
}

// resolve fills in, from the environment and the file, what the command line
// (flags) has left open, and checks the whole.
func (s *settings) resolve(flags *pflag.FlagSet, env map[string]string) error {
	s.masterKeyText = strings.TrimPrefix(env[envMasterKey], bomUTF8)
	s.smtpPasswordText = strings.TrimPrefix(env[envSMTPPassword], bomUTF8)
	for n := range s.otherKeys {
		s.otherKeys[n].text = strings.TrimPrefix(env[s.otherKeys[n].env], bomUTF8)
	}
	layers, errs := s.merge(flags, env)
	s.all.VisitAll(func(f *pflag.Flag) {
		value, ok := layers.Get(f.Name).(layer)
		if !ok {
			return
		}
		s.origin[f.Name] = value.From
		if value.From != flagName(f.Name) { // the command line has been parsed already
			errs = append(errs, s.setText(f, value.Text)...)
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

// merge returns what the command line, the environment and the file say of each
// setting: the first of them that says something counts.
func (s *settings) merge(flags *pflag.FlagSet, environ map[string]string) (*koanf.Koanf, []error) {
	offered := func(name string) bool { return flags.Lookup("config") != nil || flags.Lookup(name) != nil }
	given := koanf.New("")
	fromEnv := env.Provider("", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return pairs(environ) },
		TransformFunc: func(variable, value string) (string, any) {
			if name := settingName(variable, s.all); offered(name) {
				return name, layer{value, variable}
			}
			return "", nil
		},
	})
	fromFlags := posflag.ProviderWithFlag(flags, "", nil, func(f *pflag.Flag) (string, any) {
		if !f.Changed {
			return "", nil
		}
		return f.Name, layer{f.Value.String(), flagName(f.Name)}
	})
	for _, provider := range []koanf.Provider{fromEnv, fromFlags} { // the later one is stronger
		if err := given.Load(provider, nil); err != nil {
			return given, []error{err}
		}
	}
	if config, ok := given.Get("config").(layer); ok {
		s.configFile = config.Text
	}
	file, errs := readConfig(s.configFile, s.all)
	merged := koanf.New("")
	if err := merged.Load(confmap.Provider(file, ""), nil); err != nil {
		return merged, append(errs, err)
	}
	if err := merged.Merge(given); err != nil {
		errs = append(errs, err)
	}
	return merged, errs
}

// pairs spells an environment as NAME=value.
func pairs(environ map[string]string) []string {
	list := make([]string, 0, len(environ))
	for name, value := range environ {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
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

func flagName(setting string) string { return "--" + setting }

// settingError is a fault of one setting.
type settingError struct {
	fault fielderror.Error // its field is the setting's name
	from  string           // where the value came from, "" for the command line or a default
}

// Error begins with the flag's name, and says where the value came from if that was
// not the command line.
func (e *settingError) Error() string {
	text := flagName(e.fault.Field) + ": " + e.fault.Reason
	if e.from != "" {
		text += " (from " + e.from + ")"
	}
	return text
}

// errorf returns an error about a setting.
func (s *settings) errorf(name, format string, args ...any) error {
	e := &settingError{fault: fielderror.Error{Field: name, Reason: fmt.Sprintf(format, args...)}}
	if from := s.origin[name]; from != flagName(name) {
		e.from = from
	}
	return e
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
	case "limit":
		return fmt.Sprintf("%q is not a number and a time such as 10/15m, nor 0 for no limit", value)
	case "bool":
		return fmt.Sprintf("%q is neither true nor false", value)
	}
	return fmt.Sprintf("%q cannot be read", value)
}
