package mongo

import (
	"reflect"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// A partial document has some of the fields of its collection's documents. Only
// those are read.
type partial interface{ projection() bson.D }

// idOnly is a document of which only its id matters.
type idOnly struct {
	ID string `bson:"_id"`
}

var idProjection = projectionOf[idOnly]()

func (idOnly) projection() bson.D { return idProjection }

func idsOf(docs []idOnly) []string { return convert(docs, func(d idOnly) string { return d.ID }) }

// projectionOf selects the fields that D has.
func projectionOf[D any]() bson.D {
	var fields bson.D
	for field := range reflect.TypeFor[D]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("bson"), ",")
		fields = append(fields, rising(name))
	}
	return fields
}
