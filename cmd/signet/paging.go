package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.org/signet/issuer"
	"example.org/signet/storage"
)

// pageFlags are the flags of a paged listing.
type pageFlags struct {
	limit int
	after string
}

func (g *pageFlags) add(f *pflag.FlagSet) {
	f.IntVar(&g.limit, "limit", storage.DefaultPage, "at most `NUMBER` of them, up to 1000")
	f.StringVar(&g.after, "after", "", "the `CURSOR` that the page before ended with")
}

func (g *pageFlags) page() (storage.Page, error) {
	if g.limit < 1 || g.limit > storage.MaxPage {
		return storage.Page{}, usageErrorf("--limit: must lie between 1 and %d", storage.MaxPage)
	}
	return storage.Page{After: g.after, Limit: g.limit}, nil
}

// listError names the flag that a listing was refused for.
func listError(c *cobra.Command, what string, err error) error {
	var fault *issuer.FieldError
	if errors.As(err, &fault) {
		if flag := strings.ReplaceAll(fault.Field, "_", "-"); c.Flags().Lookup(flag) != nil {
			return usageErrorf("--%s: %s", flag, fault.Reason)
		}
	}
	return fmt.Errorf("list %s: %w", what, err)
}

// printNextPage prints the flag for the next page; JSON output has the cursor itself.
func (ac *adminContext) printNextPage(next string) {
	if next != "" && ac.settings.output == outputText {
		ac.messagef("there are more: --after %s", shellQuote(next))
	}
}
