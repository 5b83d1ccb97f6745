package docs_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"example.org/signet/docs"
)

func TestOpenAPI(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(docs.OpenAPI))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(doc.Servers) != 1 || doc.Servers[0].URL != docs.OpenAPIServer {
		t.Errorf("servers %v, want %s alone", doc.Servers, docs.OpenAPIServer)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == "" || o.Summary == "" || len(o.Tags) != 1 || o.Security == nil || ids[o.OperationID] {
				t.Errorf("%s %s needs an id of its own, a summary, one tag and its security", method, path)
			}
			ids[o.OperationID] = true
			for _, tag := range o.Tags {
				if doc.Tags.Get(tag) == nil {
					t.Errorf("%s %s: the tag %s is not explained", method, path, tag)
				}
			}
		}
	}
}
