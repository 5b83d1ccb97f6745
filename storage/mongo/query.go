package mongo

import "go.mongodb.org/mongo-driver/v2/bson"

// Filters and updates are made of these helpers alone. Field names and operators
// are written in this package; a value has a fixed Go type, so no value that came
// from outside is ever read as an operator.

// eq is the condition that the field has the value, or, of a list, holds it.
func eq[T any](field string, value T) bson.E { return bson.E{Key: field, Value: value} }

func gt[T any](field string, value T) bson.E  { return operator(field, "$gt", value) }
func gte[T any](field string, value T) bson.E { return operator(field, "$gte", value) }
func lt[T any](field string, value T) bson.E  { return operator(field, "$lt", value) }
func lte[T any](field string, value T) bson.E { return operator(field, "$lte", value) }

// in is the condition that the field has one of the values.
func in[T any](field string, values []T) bson.E { return operator(field, "$in", values) }

// absent is the condition that the document does not have the field.
func absent(field string) bson.E { return operator(field, "$exists", false) }

func operator[T any](field, name string, value T) bson.E {
	return bson.E{Key: field, Value: bson.D{{Key: name, Value: value}}}
}

// both joins two conditions by operators on one field.
func both(a, b bson.E) bson.E {
	return bson.E{Key: a.Key, Value: append(a.Value.(bson.D), b.Value.(bson.D)...)}
}

// or is the condition that one of the filters holds.
func or(filters ...bson.D) bson.E {
	list := make(bson.A, len(filters))
	for n, f := range filters {
		list[n] = f
	}
	return bson.E{Key: "$or", Value: list}
}

// byID selects the one document with the id.
func byID[T string | int64](id T) bson.D { return bson.D{eq("_id", id)} }

// value is one field of set.
func value[T any](field string, v T) bson.E { return bson.E{Key: field, Value: v} }

// set gives the fields their values and leaves the others alone.
func set(fields ...bson.E) bson.E { return bson.E{Key: "$set", Value: bson.D(fields)} }

// inc adds n to the field.
func inc(field string, n int64) bson.E { return operator("$inc", field, n) }

// raise sets the field to the value where it is less.
func raise[T any](field string, v T) bson.E { return operator("$max", field, v) }

// unset removes the fields.
func unset(fields ...string) bson.E {
	removed := make(bson.D, len(fields))
	for n, f := range fields {
		removed[n] = bson.E{Key: f, Value: ""}
	}
	return bson.E{Key: "$unset", Value: removed}
}

// rising and falling are the orders of a field.
func rising(field string) bson.E  { return bson.E{Key: field, Value: 1} }
func falling(field string) bson.E { return bson.E{Key: field, Value: -1} }

// setOnInsert gives the fields their values where the update makes the document.
func setOnInsert(fields ...bson.E) bson.E { return bson.E{Key: "$setOnInsert", Value: bson.D(fields)} }
