package main

import (
	"net"
	"net/url"
)

// consoleURL returns where browsers reach the console, without /console; "" where there is none.
func (v *server) consoleURL() string {
	s := v.settings
	switch {
	case s.console == consoleOff:
		return ""
	case s.consoleURL != "":
		return s.consoleURL
	case s.consoleIsPublic():
		return s.issuer
	case v.listeners.admin == nil:
		return ""
	}
	if at, ok := v.listeners.admin.Addr().(*net.TCPAddr); !ok || at.IP.IsUnspecified() {
		return "" // an address that no browser can be sent to
	}
	u, err := url.Parse(s.issuer)
	if err != nil {
		return ""
	}
	return v.listeners.urlOf(v.listeners.admin) + u.EscapedPath()
}

// logConsole says where the console is, or why there is none.
func (v *server) logConsole() {
	to := v.consoleURL()
	switch {
	case to != "":
		v.log.Info().Str("url", to+"/console").Msg("serving the console")
	case v.settings.console != consoleOff && v.listeners.admin != nil:
		v.log.Info().Msg("no console: --admin-listen is no address that a browser can be sent to; give --console-url")
	}
}
