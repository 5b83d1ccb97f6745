package mongo_test

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// doc is a document of alternating keys and values.
func doc(pairs ...any) bson.D {
	d := bson.D{}
	for i := 0; i < len(pairs); i += 2 {
		d = append(d, field(pairs[i].(string), pairs[i+1]))
	}
	return d
}

var (
	majorityWrite = doc("w", "majority", "j", true)
	majorityRead  = doc("level", "majority")
)

// The judge of the commands must itself be able to say no.
func TestCheckCommand(t *testing.T) {
	find := func(filter bson.D) bson.D { return doc("find", "users", "filter", filter, "readConcern", majorityRead) }
	update := func(q, u bson.D) bson.D {
		return doc("update", "users", "updates", bson.A{doc("q", q, "u", u)}, "writeConcern", majorityWrite, "maxTimeMS", int64(1500))
	}
	for what, c := range map[string]struct {
		command bson.D
		fault   string
	}{
		"good find":            {find(doc("_id", "u", "version", int64(1))), ""},
		"good range":           {find(doc("_id", doc("$gte", "a", "$lt", "b"))), ""},
		"good alternatives":    {find(doc("_id", "u", "$or", bson.A{doc("email", doc("$gte", "a", "$lt", "b"))})), ""},
		"range by no index":    {find(doc("phone", doc("$gte", "a", "$lt", "b"))), "no index of users"},
		"good update":          {update(doc("_id", "u"), doc("$set", doc("email", "a"))), ""},
		"good replacement":     {update(doc("_id", "u"), doc("_id", "u", "anything", "a")), ""},
		"unknown command":      {doc("mapReduce", "users"), "not a command"},
		"aggregate":            {doc("aggregate", "users"), "not a command"},
		"local read":           {doc("find", "users", "filter", doc(), "readConcern", doc("level", "local")), "read concern"},
		"no read concern":      {doc("find", "users", "filter", doc()), "read concern"},
		"secondary read":       {append(find(doc()), field("$readPreference", doc("mode", "secondary"))), "read preference"},
		"write to one":         {doc("insert", "users", "writeConcern", doc("w", int32(1), "j", true)), "write concern"},
		"write not journaled":  {doc("insert", "users", "writeConcern", doc("w", "majority")), "write concern"},
		"no write concern":     {doc("delete", "users", "deletes", bson.A{}), "write concern"},
		"write without end":    {doc("insert", "users", "writeConcern", majorityWrite), "no time limit"},
		"field from outside":   {find(doc("name.$where", "1")), `filter on "name.$where"`},
		"$where":               {find(doc("$where", "sleep(5000)")), `filter on "$where"`},
		"$expr":                {find(doc("$expr", doc())), `filter on "$expr"`},
		"operator as a value":  {find(doc("username", doc("$ne", ""))), `operator "$ne"`},
		"$regex":               {find(doc("username", doc("$regex", ".*"))), `operator "$regex"`},
		"document as a value":  {find(doc("username", doc("a", "b"))), `operator "a"`},
		"array as a value":     {find(doc("username", bson.A{"a"})), "compared with"},
		"null as a value":      {find(doc("username", nil)), "compared with"},
		"float as a value":     {find(doc("version", 1.0)), "compared with"},
		"float in a list":      {find(doc("_id", doc("$in", bson.A{"a", 1.0}))), "compared with"},
		"or hides":             {find(doc("$or", bson.A{doc("$where", "1")})), `filter on "$where"`},
		"query hides":          {doc("findAndModify", "users", "query", doc("x", "y"), "writeConcern", majorityWrite), `filter on "x"`},
		"delete hides":         {doc("delete", "users", "deletes", bson.A{doc("q", doc("x", "y"))}, "writeConcern", majorityWrite), `filter on "x"`},
		"update hides":         {update(doc("x", "y"), doc("$set", doc("email", "a"))), `filter on "x"`},
		"unknown update":       {update(doc("_id", "u"), doc("$rename", doc("a", "b"))), `update by "$rename"`},
		"update of unknown":    {update(doc("_id", "u"), doc("$set", doc("a.b", "c"))), `update of "a.b"`},
		"findAndModify update": {doc("findAndModify", "users", "query", doc(), "update", doc("$set", doc("x", 1)), "writeConcern", majorityWrite), `update of "x"`},
	} {
		command, err := bson.Marshal(c.command)
		if err != nil {
			t.Fatal(err)
		}
		faults := strings.Join(checkCommand(c.command[0].Key, command), "; ")
		if (faults == "") != (c.fault == "") || !strings.Contains(faults, c.fault) {
			t.Errorf("%s: judged %q, want %q", what, faults, c.fault)
		}
	}
}
