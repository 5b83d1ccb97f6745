package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"example.org/signet/issuer/admin"
	"example.org/signet/keys"
)

func newKeysPlan(p *process) *cobra.Command {
	var now bool
	c := &cobra.Command{
		Use: "plan [rotate | rollback | revoke KID]", Short: "Show what will happen to the keys, and to which tokens; changes nothing",
		Long: "Show what will happen to the keys and when: what is published, signs and retires, and which tokens each change\n" +
			"touches. With the name of a change, show what it would do. Nothing is changed.",
		Example: "  signet keys plan                   what the schedule brings\n  signet keys plan rotate --now      what signet keys rotate --now would do\n  signet keys plan revoke KID",
	}
	c.Flags().BoolVar(&now, "now", false, "of rotate: do not wait until the standby has been published for --publish-ahead")
	c.Args = func(_ *cobra.Command, args []string) error {
		_, err := parseKeyChange(args, now)
		return err
	}
	return withStoredKeys(p, c, func(_ context.Context, ac *adminContext, args []string) error {
		req, err := parseKeyChange(args, now)
		if err != nil {
			return err
		}
		plan, err := ac.operator.Keys().Plan(req)
		if err != nil {
			return explainRotation(hintNotFound(err, "", "signet keys list shows them"))
		}
		return ac.printResult(plan, func(w io.Writer) { writePlan(w, plan) })
	})
}

// parseKeyChange returns the change that the arguments name.
func parseKeyChange(args []string, now bool) (keys.PlanRequest, error) {
	change := ""
	if len(args) > 0 {
		change = args[0]
	}
	switch {
	case now && change != "rotate":
		return keys.PlanRequest{}, usageErrorf("--now belongs to signet keys plan rotate")
	case change == "" && len(args) == 0:
		return keys.PlanRequest{}, nil
	case change == "rotate" && len(args) == 1:
		return keys.PlanRequest{Rotate: true, Force: now}, nil
	case change == "rollback" && len(args) == 1:
		return keys.PlanRequest{Rollback: true}, nil
	case change == "revoke" && len(args) == 2 && args[1] != "":
		return keys.PlanRequest{Revoke: args[1]}, nil
	}
	return keys.PlanRequest{}, usageErrorf("say signet keys plan, plan rotate, plan rollback or plan revoke KID")
}

func writePlan(w io.Writer, p admin.KeyPlan) {
	rows := make([][]string, len(p.Changes))
	for n, c := range p.Changes {
		in, kid, change := "now", c.KID, string(c.From+" → "+c.To)
		if wait := c.At.Sub(p.At); wait > 0 {
			in = formatDuration(wait)
		}
		if kid == "" {
			kid = "a new key"
		}
		if c.From == "" {
			change = "made, " + string(c.To)
		}
		rows[n] = []string{formatTime(c.At), in, kid, change, c.Tokens()}
	}
	writeTable(w, []string{"AT", "IN", "KID", "CHANGE", "TOKENS"}, rows)
}
