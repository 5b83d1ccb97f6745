package main

import "github.com/spf13/pflag"

// settings is everything that an operator decides. Each field of a group is a flag, a
// variable SIGNET_… and a key of the configuration file, of the same name.
type settings struct {
	configSettings
	outputSettings
	serverSettings
	issuerSettings
	listenSettings
	storeSettings
	tokenSettings
	browserSettings
	throttleSettings
	keySettings
	hashSettings
	transportSettings
	mailSettings
	operationSettings
	brandSettings

	docsClient string // the client that the page at /docs offers; dev sets it
	appListen  string // address of the demo application; dev alone offers it, "" for none

	all    *pflag.FlagSet    // every setting, whichever of them the command offers
	origin map[string]string // setting → where its value came from, for messages
	checks []check           // the checks of the settings that the command uses
}

// A settingGroup holds the settings of one subject. A command offers all of them or
// none.
type settingGroup interface {
	define(f *pflag.FlagSet)     // adds the flags and sets the defaults
	check(all *settings) []error // returns all errors in the values
}

// newSettings returns every setting at its default.
func newSettings() *settings {
	s := &settings{all: pflag.NewFlagSet("settings", pflag.ContinueOnError), origin: map[string]string{}}
	s.offerServer(s.all)
	s.offer(s.all, &s.outputSettings, &s.serverSettings)
	s.checks = nil
	return s
}

// offer adds the groups to the flags of a command, and their checks to those of the
// command.
func (s *settings) offer(f *pflag.FlagSet, groups ...settingGroup) {
	for _, g := range groups {
		g.define(f)
		s.checks = append(s.checks, g.check)
	}
}

// offerServer adds every setting of a server.
func (s *settings) offerServer(f *pflag.FlagSet) {
	s.offer(f, &s.configSettings, &s.issuerSettings, &s.listenSettings, &s.storeSettings, &s.tokenSettings, &s.browserSettings, &s.throttleSettings,
		&s.keySettings, &s.hashSettings, &s.transportSettings, &s.mailSettings, &s.operationSettings, &s.brandSettings)
}

// settingNames are the names of the settings of a group.
func settingNames(g settingGroup) []string {
	f := pflag.NewFlagSet("group", pflag.ContinueOnError)
	g.define(f)
	var names []string
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}
