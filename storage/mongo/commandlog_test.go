package mongo_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"example.org/signet/storage/mongo"
)

// A commandLog sees every command that a store sends, and collects what must not be.
type commandLog struct {
	mu       sync.Mutex
	names    []string
	commands []bson.Raw
	faults   []string
}

// monitor is the option that puts the wire between a store and its server.
func (w *commandLog) monitor() mongo.Option {
	return mongo.WithMonitor(&event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.names = append(w.names, e.CommandName)
		w.commands = append(w.commands, slices.Clone(e.Command))
		w.faults = append(w.faults, checkCommand(e.CommandName, e.Command)...)
	}})
}

// take returns the names of the commands seen since the last call.
func (w *commandLog) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := w.names
	w.names, w.commands = nil, nil
	return names
}

// wantNoFindings fails the test for every fault seen, each once.
func (w *commandLog) wantNoFindings(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.faults)
	for _, fault := range slices.Compact(w.faults) {
		t.Error(fault)
	}
}

// allowed are the commands that a store may send, and whether each decides or
// changes something (w), reads records (r), or neither.
var allowed = map[string]string{
	"insert": "w", "update": "w", "delete": "w", "findAndModify": "w",
	"find": "r", "getMore": "", "killCursors": "",
	"ping": "", "endSessions": "", "createIndexes": "", "listIndexes": "", "listCollections": "",
}

// fields are the names that may stand in filters and updates: all are written
// in package mongo, none comes from outside.
var fields = []string{
	"_id", "user_id", "client_id", "generation", "revoked_at", "reason", "expires_at", "rotated_at", "reset_at", "count", "held", "held_to", "mark",
	"version", "replays", "number", "created_at", "user_epoch", "client_epoch", "username", "email", "roles", "password_hash", "disabled", "grants", "origins", "kid", "sealed", "lease", "at", "type", "actor", "target", "request_id",
	"grade", "due", "status_index", "retired_index", "withheld", "denied_audiences", "status_retired", "leased", "until", "bits",
	"browser", "bound", "code", "code_failures", "root_id", "last_seen", "idle_at", "ends_at", "due_at", "leased_to", "owner", "attempts",
	"handle", "must_change_password",
	"decided_at", "approved",
}

// checkCommand says what is wrong with a command.
func checkCommand(name string, command bson.Raw) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, name+": "+fmt.Sprintf(format, args...)) }
	kind, ok := allowed[name]
	if !ok {
		fault("is not a command that a store sends")
	}
	if kind == "w" {
		w, j := text(command, "writeConcern", "w"), command.Lookup("writeConcern", "j")
		if on, ok := j.BooleanOK(); w != "majority" || !ok || !on {
			fault("write concern %s, want majority and journaled", command.Lookup("writeConcern"))
		}
	}
	if _, err := command.LookupErr("txnNumber"); err == nil {
		fault("is numbered: the driver would repeat it")
	}
	if kind == "r" {
		if level := text(command, "readConcern", "level"); level != "majority" {
			fault("read concern %q, want majority", level)
		}
	}
	if n, ok := command.Lookup("maxTimeMS").AsInt64OK(); kind == "w" && (!ok || n <= 0) {
		fault("no time limit for the server")
	}
	if mode := text(command, "$readPreference", "mode"); mode != "" && mode != "primary" {
		fault("read preference %q, want primary", mode)
	}
	if name == "find" {
		if unserved := checkIndexed(command); unserved != "" {
			fault("%s", unserved)
		}
	}
	for _, filter := range filtersOf(command) {
		checkFilter(filter, fault)
	}
	for _, change := range changesOf(command) {
		checkUpdate(change, fault)
	}
	return faults
}

func text(command bson.Raw, path ...string) string {
	s, _ := command.Lookup(path...).StringValueOK()
	return s
}

// filtersOf and changesOf collect the conditions and updates of a command:
// find has a filter, findAndModify a query, update and delete a list with q.
func filtersOf(command bson.Raw) (filters []bson.Raw) {
	for _, key := range []string{"filter", "query"} {
		if d, ok := command.Lookup(key).DocumentOK(); ok {
			filters = append(filters, d)
		}
	}
	return append(filters, parts(command, "q")...)
}

func changesOf(command bson.Raw) (changes []bson.Raw) {
	if d, ok := command.Lookup("update").DocumentOK(); ok {
		changes = append(changes, d)
	}
	return append(changes, parts(command, "u")...)
}

func parts(command bson.Raw, key string) (found []bson.Raw) {
	for _, list := range []string{"updates", "deletes"} {
		array, ok := command.Lookup(list).ArrayOK()
		if !ok {
			continue
		}
		values, _ := array.Values()
		for _, v := range values {
			if d, ok := v.Document().Lookup(key).DocumentOK(); ok {
				found = append(found, d)
			}
		}
	}
	return found
}

// checkFilter demands field names of ours, a handful of operators, and plain
// values: text from outside can be nothing but text.
func checkFilter(filter bson.Raw, fault func(string, ...any)) {
	elements, _ := filter.Elements()
	for _, e := range elements {
		switch {
		case e.Key() == "$or":
			checkList(e.Value(), func(v bson.RawValue) { checkFilter(v.Document(), fault) })
		case !slices.Contains(fields, e.Key()):
			fault("filter on %q", e.Key())
		default:
			checkCondition(e, fault)
		}
	}
}

func checkCondition(e bson.RawElement, fault func(string, ...any)) {
	operators, ok := e.Value().DocumentOK()
	if !ok {
		checkValue(e.Key(), e.Value(), fault)
		return
	}
	elements, _ := operators.Elements()
	for _, o := range elements {
		switch o.Key() {
		case "$gt", "$gte", "$lt", "$lte", "$exists":
			checkValue(e.Key(), o.Value(), fault)
		case "$in":
			checkList(o.Value(), func(v bson.RawValue) { checkValue(e.Key(), v, fault) })
		default:
			fault("operator %q on %s", o.Key(), e.Key())
		}
	}
}

func checkList(v bson.RawValue, each func(bson.RawValue)) {
	values, _ := v.Array().Values()
	for _, v := range values {
		each(v)
	}
}

func checkValue(field string, v bson.RawValue, fault func(string, ...any)) {
	switch v.Type {
	case bson.TypeString, bson.TypeInt64, bson.TypeDateTime, bson.TypeBoolean, bson.TypeObjectID, bson.TypeBinary:
	case bson.TypeNull:
		if field != "replays" && field != "must_change_password" && field != "code" { // absent for none and for no
			fault("%s is compared with a %s", field, v.Type)
		}
	default:
		fault("%s is compared with a %s", field, v.Type)
	}
}

// checkUpdate demands that an update sets or adds to fields of ours. A
// replacement is a document of ours: its _id comes first.
func checkUpdate(change bson.Raw, fault func(string, ...any)) {
	elements, _ := change.Elements()
	if len(elements) > 0 && elements[0].Key() == "_id" {
		return
	}
	for _, e := range elements {
		if !slices.Contains([]string{"$set", "$unset", "$inc", "$max", "$setOnInsert"}, e.Key()) {
			fault("update by %q", e.Key())
			continue
		}
		set, _ := e.Value().Document().Elements()
		for _, s := range set {
			if !slices.Contains(fields, s.Key()) {
				fault("update of %q", s.Key())
			}
		}
	}
}
