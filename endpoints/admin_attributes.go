package endpoints

import (
	"context"
	"maps"

	"example.org/signet/issuer/admin"
)

// listAttributes is GET /api/v1/attributes. It returns all of them in one page.
func listAttributes(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Attributes().List(ctx)
}

// showAttribute is GET /api/v1/attributes/{name}.
func showAttribute(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if _, err := req.query(); err != nil {
		return nil, err
	}
	return a.Attributes().Show(ctx, req.pathParam("name"))
}

var attributeSchema = schema{
	"type": kindString, "description": kindString, "max_length": kindInt, "max_count": kindInt,
	"readers": kindString, "writers": kindString, "claim": kindString, "scope": kindString,
}

var newAttributeSchema = func() schema {
	s := maps.Clone(attributeSchema)
	s["name"] = kindString
	return s
}()

func (o jsonObject) attributeChange() admin.AttributeChange {
	return admin.AttributeChange{
		Type: o.optString("type"), Description: o.optString("description"), MaxLength: o.optInt("max_length"), MaxCount: o.optInt("max_count"),
		Readers: o.optString("readers"), Writers: o.optString("writers"), Claim: o.optString("claim"), Scope: o.optString("scope"),
	}
}

// createAttribute is POST /api/v1/attributes. A repeated request is a duplicate (409).
func createAttribute(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(newAttributeSchema)
	if err != nil {
		return nil, err
	}
	made, err := a.Attributes().Create(ctx, b.str("name"), b.attributeChange())
	if err != nil {
		return nil, err
	}
	return createdReply(made, "", "/api/v1/attributes/"+made.Name), nil
}

// updateAttribute is PATCH /api/v1/attributes/{name}.
func updateAttribute(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	b, err := req.decodeBody(attributeSchema)
	if err != nil {
		return nil, err
	}
	return a.Attributes().Update(ctx, req.pathParam("name"), b.attributeChange())
}

// deleteAttribute is DELETE /api/v1/attributes/{name}.
func deleteAttribute(ctx context.Context, a *admin.Admin, req *apiRequest) (any, error) {
	if err := req.rejectBody(); err != nil {
		return nil, err
	}
	return emptyReply, a.Attributes().Delete(ctx, req.pathParam("name"))
}
