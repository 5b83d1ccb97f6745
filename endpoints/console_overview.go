package endpoints

import (
	"context"

	"example.org/signet/endpoints/console"
)

// overview is the first page of the console.
func (c *consolePages) overview() consolePart {
	return consolePart{pages: []consolePage{{path: "", show: c.showOverview}}}
}

func (c *consolePages) showOverview(_ context.Context, v *consoleVisit) (console.Page, error) {
	return console.Page{
		Name: "overview", Section: console.Overview, Title: console.T("section.overview"),
		Blocks: []console.Block{
			console.Facts{
				{Name: console.T("overview.signed_in"), Value: console.Lit(v.principal.User().Username)},
				{Name: console.T("overview.since"), Value: console.Time(v.principal.AuthTime())},
				{Name: console.T("overview.issuer"), Value: console.Mono(c.site.issuer)},
			},
		},
	}, nil
}
