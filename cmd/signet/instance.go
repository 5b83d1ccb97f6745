package main

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/endpoints"
)

// instance tells administrators about this process.
type instance struct{ *server }

var _ endpoints.Instance = instance{}

func (i instance) State() endpoints.InstanceState {
	build, stats, outbox := readBuildInfo(), i.keyring.Stats(), i.issuer.Outbox()
	return endpoints.InstanceState{
		Version: build.Version, Revision: build.Revision, Go: build.Go, Signer: build.Signer, Store: i.settings.storeName(), StartedAt: i.startedAt.UTC(),
		SigningKeyAge: stats.ActiveKeyAge.Seconds(), NextKeyChange: stats.NextChange.Seconds(), KeyringAge: stats.SnapshotAge.Seconds(), StatusListAge: i.issuer.StatusAge().Seconds(),
		PasswordQueue: int(i.passwords.Waiting()), MessagesWaiting: outbox.Backlog().Waiting, OldestMessageAge: outbox.OldestAge().Seconds(), LastSweep: i.lastSweep.Load(),
	}
}

func (i instance) Settings() []endpoints.Setting { return i.settings.inForce() }

// inForce returns the settings of a server in the order of their names. Secrets are in files, and
// the store's URI, which may have a password, is shown as the store's name.
func (s *settings) inForce() []endpoints.Setting {
	offered := pflag.NewFlagSet("server", pflag.ContinueOnError)
	newSettings().offerServer(offered)
	all := []endpoints.Setting{}
	s.all.VisitAll(func(f *pflag.Flag) {
		if offered.Lookup(f.Name) == nil {
			return
		}
		value := f.Value.String()
		if f.Name == "storage" && s.isMongo() {
			value = s.storeName()
		}
		all = append(all, endpoints.Setting{Name: f.Name, Value: value, From: s.origin[f.Name]})
	})
	return all
}

// newStatus shows the state of a server.
func newStatus(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "status", Short: "Show how a server is: version, store, keys, queues, sweep", Args: exactArgs(),
		Long:    "Show how the instance is that answers at --server: what it runs, whether it is ready, when its keys change, what\nwaits in its queues. signet health asks the server on this machine whether it is ready, without a sign-in.",
		Example: "  signet status --server https://id.example.com",
	}
	s.offer(c.Flags(), &s.configSettings, &s.serverSettings, &s.outputSettings)
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error {
		api, err := p.apiOf(c, s)
		if err != nil {
			return err
		}
		state, err := fetchJSON[endpoints.InstanceStatus](ctx, api, pathOf("status"))
		if err != nil {
			return err
		}
		return p.printResult(s, state, func(w io.Writer) { writeStatus(w, state) })
	})
}

func writeStatus(w io.Writer, a endpoints.InstanceStatus) {
	seconds := func(s float64) string {
		if s < 0 {
			return ""
		}
		return time.Duration(s * float64(time.Second)).Round(time.Second).String()
	}
	sweep := ""
	if a.LastSweep != nil {
		if sweep = formatTime(a.LastSweep.At) + ", " + strconv.FormatInt(a.LastSweep.Deleted, 10) + " deleted"; a.LastSweep.Failed {
			sweep = formatTime(a.LastSweep.At) + ", failed"
		}
	}
	writeFields(w, "issuer", a.Issuer, "status", a.Status, "fault", joinWords(a.Failed), "version", a.Version, "revision", a.Revision, "go", a.Go, "signer", a.Signer, "store", a.Store,
		"started", formatTime(a.StartedAt), "signing key", seconds(a.SigningKeyAge), "next key", seconds(a.NextKeyChange), "keys read", seconds(a.KeyringAge), "status lists", seconds(a.StatusListAge),
		"password queue", strconv.Itoa(a.PasswordQueue), "messages", strconv.Itoa(a.MessagesWaiting), "oldest message", seconds(a.OldestMessageAge), "last sweep", sweep)
}

// newSettingsList shows the settings in force.
func newSettingsList(p *process) *cobra.Command {
	s := newSettings()
	c := &cobra.Command{
		Use: "settings", Short: "Show the settings in force, and what gave them", Args: exactArgs(),
		Long: "Show each setting of a server with its value and the flag, variable or file that gave it: as signet serve with\n" +
			"these flags, this environment and this file would run, or with --server as that server runs. No secret is shown.",
		Example: "  signet settings --config signet.yaml\n  signet settings --server https://id.example.com",
	}
	s.offerServer(c.Flags())
	s.offer(c.Flags(), &s.serverSettings, &s.outputSettings)
	return p.withSettings(c, s, func(ctx context.Context, _ []string) error {
		list := settingList{Items: s.inForce()}
		if s.serverURL != "" {
			api, err := p.apiOf(c, s)
			if err != nil {
				return err
			}
			if list, err = fetchJSON[settingList](ctx, api, pathOf("settings")); err != nil {
				return err
			}
		}
		return p.printResult(s, list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for n, x := range list.Items {
				rows[n] = []string{x.Name, x.Value, x.From}
			}
			writeTable(w, []string{"SETTING", "VALUE", "FROM"}, rows)
		})
	})
}

// settingList is the answer of GET /api/v1/settings.
type settingList struct {
	Items []endpoints.Setting `json:"items"`
}

// apiOf returns the admin API of the server that --server names.
func (p *process) apiOf(c *cobra.Command, s *settings) (*apiClient, error) {
	if s.serverURL == "" {
		return nil, usageErrorf("%s asks a server: name it by --server URL, after signet login URL", c.CommandPath())
	}
	ac, err := p.openServer(s)
	if err != nil {
		return nil, err
	}
	return ac.admin.(remoteAdmin).api, nil
}
