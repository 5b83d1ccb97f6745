package mongo_test

import (
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// No server of the tests says by which index it finds, so this tells it from the commands, by what
// MongoDB documents: an index serves a find if its first fields are compared by equality or $in,
// and the fields of the order follow, or a field with a range where there is no order.

// fewDocuments are the collections that hold few, whatever the database holds.
var fewDocuments = []string{"clients", "endings", "guards", "keys", "roles", "schema", "scope_texts", "status_lists"}

// checkIndexed returns what is wrong with how a find looks for its documents.
func checkIndexed(command bson.Raw) (fault string) {
	collection := text(command, "find")
	if slices.Contains(fewDocuments, collection) {
		return ""
	}
	var equal, ranges, order []string
	var falls []bool
	elements, _ := command.Lookup("filter").Document().Elements()
	for _, e := range elements {
		if e.Key() == "$or" {
			continue
		}
		if isRange(e.Value()) {
			ranges = append(ranges, e.Key())
		} else {
			equal = append(equal, e.Key())
		}
	}
	if sort, ok := command.Lookup("sort").DocumentOK(); ok {
		elements, _ := sort.Elements()
		for _, e := range elements {
			order, falls = append(order, e.Key()), append(falls, e.Value().AsInt64() < 0)
		}
	}
	if len(slices.Compact(falls)) > 1 {
		return "sorts " + collection + " both up and down"
	}
	if slices.ContainsFunc(indexFields(collection), func(fields []string) bool { return serves(fields, equal, ranges, order) }) {
		return ""
	}
	return "no index of " + collection + " serves " + strings.Join(equal, " ") + " between " + strings.Join(ranges, " ") + " by " + strings.Join(order, " ")
}

// isRange tells a comparison from an equality.
func isRange(condition bson.RawValue) bool {
	operators, is := condition.DocumentOK()
	if !is {
		return false
	}
	elements, _ := operators.Elements()
	return slices.ContainsFunc(elements, func(e bson.RawElement) bool { return slices.Contains([]string{"$gt", "$gte", "$lt", "$lte"}, e.Key()) })
}

// indexFields are the fields of each index of the collection.
func indexFields(collection string) (all [][]string) {
	all = [][]string{{"_id"}}
	for name := range wantIndexes {
		if of, fields, found := strings.Cut(name, "{"); found && strings.HasPrefix(of, collection+".") {
			all = append(all, strings.Fields(strings.TrimSuffix(fields, "}")))
		}
	}
	return all
}

func serves(fields, equal, ranges, order []string) bool {
	fixed := 0
	for fixed < len(fields) && slices.Contains(equal, fields[fixed]) {
		fixed++
	}
	order = slices.DeleteFunc(slices.Clone(order), func(field string) bool {
		return slices.Contains(equal, field) && slices.Contains(fields[:fixed], field)
	})
	rest := fields[fixed:]
	if len(order) > 0 {
		return len(rest) >= len(order) && slices.Equal(rest[:len(order)], order)
	}
	return fixed > 0 || len(rest) > 0 && slices.Contains(ranges, rest[0])
}

func TestCheckIndexed(t *testing.T) {
	find := func(collection string, filter, sort bson.D) bson.Raw {
		raw, err := bson.Marshal(bson.D{field("find", collection), field("filter", filter), field("sort", sort)})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	between := bson.D{field("$gte", "a"), field("$lt", "b")}
	flags := bson.D{field("disabled", bson.D{field("$in", bson.A{false, true})}), field("must_change_password", true)}
	for _, c := range []struct {
		command bson.Raw
		served  bool
	}{
		{find("users", bson.D{field("_id", "x")}, nil), true},
		{find("users", bson.D{field("full_name", "x")}, nil), false},
		{find("users", flags, bson.D{field("username", 1)}), true},
		{find("users", flags, bson.D{field("full_name", 1)}), false},
		{find("users", flags, bson.D{field("created_at", -1), field("_id", -1)}), true},
		{find("users", flags, bson.D{field("created_at", -1), field("_id", 1)}), false},
		{find("users", flags[:1], bson.D{field("username", 1)}), false},
		{find("users", bson.D{field("username", between)}, bson.D{field("_id", 1)}), true}, // by _id: how much it leaves out is not looked at
		{find("audit", bson.D{field("actor", "x")}, bson.D{field("_id", 1)}), true},
		{find("audit", bson.D{field("actor", "x")}, bson.D{field("at", 1)}), true}, // by time, likewise
		{find("audit", bson.D{field("address", "x")}, bson.D{field("address", 1)}), false},
		{find("audit", bson.D{field("address", between)}, nil), false},
		{find("roles", bson.D{}, bson.D{field("name", 1)}), true},
	} {
		if fault := checkIndexed(c.command); (fault == "") != c.served {
			t.Errorf("%s: %q", c.command, fault)
		}
	}
}
