package sqlite

import (
	"time"

	"example.org/signet/storage"
)

// A column is one column of a table: how the record's field that it keeps is
// bound to a statement, and where a row is scanned into.
type column[R any] struct {
	name query
	bind func(*R) any
	scan func(*R) any

	write query // what is written of the argument, if not the argument itself
	read  query // what is read, if not the column itself
}

// marked is the column's value in an INSERT.
func (c column[R]) marked() query {
	if c.write != "" {
		return c.write
	}
	return "?"
}

// selected is the column in a SELECT or RETURNING, of the table that has the prefix as its name.
func (c column[R]) selected(prefix query) query {
	if c.read != "" {
		return unnamed(c.read)
	}
	return unnamed(prefix + c.name)
}

// A table lists the columns of a record, its key first. Every statement that
// reads or writes whole records derives from the list, so a new field is one
// line there and one migration.
type table[R any] struct {
	name    query
	columns []column[R]

	names  query // of all columns, for INSERT
	list   query // all columns, for SELECT and RETURNING
	read   query // SELECT without a condition
	byKey  query // SELECT of the record with the key
	insert query // INSERT that does nothing where the record exists
	put    query // INSERT that replaces the record where it exists
	update query // UPDATE of all but the key, where the version is the given one; raises the version
	exists query // whether there is a record with the key
	remove query // DELETE of the record with the key in a version, 0 standing for any, with RETURNING

	prepare func(*tx, *R) error // what has to be done before a record is inserted; nil for nothing
}

// versionColumn is counted by the update, not bound.
const versionColumn = query("version")

func newTable[R any](name query, columns ...column[R]) *table[R] {
	t := &table[R]{name: name, columns: columns}
	key := columns[0].name
	marks, changes, replaced := query(""), query(""), query("")
	for n, c := range columns {
		if n > 0 {
			t.names, t.list, marks = t.names+", ", t.list+", ", marks+", "
		}
		if n > 1 {
			changes, replaced = changes+", ", replaced+", "
		}
		t.names, t.list, marks = t.names+c.name, t.list+c.selected(""), marks+c.marked()
		switch {
		case n == 0:
		case c.name == versionColumn:
			changes += "version = version + 1"
		default:
			changes += c.name + " = ?"
		}
		if n > 0 {
			replaced += c.name + " = excluded." + c.name
		}
	}
	t.read = "SELECT " + t.list + " FROM " + name
	t.byKey = t.read + " WHERE " + key + " = ?"
	t.insert = "INSERT INTO " + name + " (" + t.names + ") VALUES (" + marks + ") ON CONFLICT DO NOTHING"
	t.put = "INSERT INTO " + name + " (" + t.names + ") VALUES (" + marks + ") ON CONFLICT (" + key + ") DO UPDATE SET " + replaced
	t.update = "UPDATE " + name + " SET " + changes + " WHERE " + key + " = ? AND version = ? RETURNING " + t.list
	t.remove = "DELETE FROM " + name + " WHERE " + key + " = ?1 AND ?2 IN (0, version) RETURNING " + t.list
	t.exists = "SELECT EXISTS (SELECT 1 FROM " + name + " WHERE " + key + " = ?)"
	return t
}

// before sets what has to be done before a record is inserted.
func (t *table[R]) before(prepare func(*tx, *R) error) *table[R] {
	t.prepare = prepare
	return t
}

// insertValues are the arguments of insert.
func (t *table[R]) insertValues(r *R) []any {
	values := make([]any, len(t.columns))
	for n, c := range t.columns {
		values[n] = c.bind(r)
	}
	return values
}

// updateValues are the arguments of update: the new fields, the key and the
// version before.
func (t *table[R]) updateValues(r *R) []any {
	values := make([]any, 0, len(t.columns)+1)
	var version any
	for _, c := range t.columns[1:] {
		if c.name == versionColumn {
			version = c.bind(r)
			continue
		}
		values = append(values, c.bind(r))
	}
	return append(values, t.columns[0].bind(r), version)
}

// targets are where a row with all columns is scanned into.
func (t *table[R]) targets(r *R) []any { return t.appendTargets(make([]any, 0, len(t.columns)), r) }

func (t *table[R]) appendTargets(targets []any, r *R) []any {
	for n := range t.columns {
		targets = append(targets, t.columns[n].scan(r))
	}
	return targets
}

// unnamed selects a column without its name and its declared type. Nothing here reads them, and
// the driver copies both for each column whenever a query runs, which costs two allocations.
func unnamed(column query) query { return "+" + column + " AS ''" }

// qualified is list with the name that a statement gives to the table.
func (t *table[R]) qualified(as query) (names query) {
	for n, c := range t.columns {
		if n > 0 {
			names += ", "
		}
		names += c.selected(as + ".")
	}
	return names
}

// scan reads a row with all columns.
func (t *table[R]) scan(from scanner) (r R, err error) {
	w, isRow := from.(*row)
	if !isRow {
		err = from.Scan(t.targets(&r)...)
		return r, err
	}
	w.targets = t.appendTargets(w.targets[:0], &r)
	err = w.Scan(w.targets...)
	clear(w.targets) // they lead into a record that is the caller's
	return r, err
}

// The kinds of columns, each over the field of the record.

// plain keeps a value as it is.
func plain[R any, T string | int64 | bool](name query, field func(*R) *T) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return *field(r) }, scan: func(r *R) any { return field(r) }}
}

// timestamp keeps a time that is always set, in milliseconds.
func timestamp[R any](name query, field func(*R) *time.Time) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return millis(*field(r)) }, scan: func(r *R) any { return timeColumn{field(r)} }}
}

// nullableTimestamp keeps a time that may be unset, which is NULL.
func nullableTimestamp[R any](name query, field func(*R) *time.Time) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return nullableMillis(*field(r)) }, scan: func(r *R) any { return timeColumn{field(r)} }}
}

// list keeps texts as a JSON array.
func list[R any](name query, field func(*R) *[]string) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return encodeList(*field(r)) }, scan: func(r *R) any { return listColumn{field(r)} }}
}

// words keeps texts with blanks between them, where they have none themselves.
func words[R any](name query, field func(*R) *[]string) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return encodeWords(*field(r)) }, scan: func(r *R) any { return wordsColumn{field(r)} }}
}

// optionalNumber keeps a number that may be unset, which is NULL.
func optionalNumber[R any](name query, field func(*R) **int64) column[R] {
	return column[R]{name: name, bind: func(r *R) any {
		if n := *field(r); n != nil {
			return *n
		}
		return nil
	}, scan: func(r *R) any { return field(r) }}
}

// object keeps texts by name as a JSON object.
func object[R any](name query, field func(*R) *map[string]string) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return encodeObject(*field(r)) }, scan: func(r *R) any { return objectColumn{field(r)} }}
}

// blob keeps bytes.
func blob[R any](name query, field func(*R) *[]byte) column[R] {
	return column[R]{name: name, bind: func(r *R) any { return *field(r) }, scan: func(r *R) any { return bytesColumn{field(r)} }}
}

// insertRecord inserts a record, and returns ifExists where there is one already.
func insertRecord[R any](t *tx, into *table[R], r *R, ifExists error) error {
	if into.prepare != nil {
		if err := into.prepare(t, r); err != nil {
			return err
		}
	}
	inserted, err := t.exec(into.insert, into.insertValues(r)...)
	if err == nil && inserted == 0 {
		err = ifExists
	}
	return err
}

// updateRecord replaces a record whose version still is the given one.
// ErrConflict, ErrNotFound.
func updateRecord[R any](t *tx, in *table[R], r *R) (R, error) {
	updated, err := queryOne(t, in.update, in.scan, in.updateValues(r)...)
	if err != nil {
		return updated, conflictOrNotFound(t, err, in.exists, in.columns[0].bind(r))
	}
	return updated, nil
}

// deleteRecord removes a record whose version still is the given one, 0 standing
// for any, and returns it. ErrConflict, ErrNotFound.
func deleteRecord[R any](t *tx, in *table[R], key string, version int64) (R, error) {
	r, err := queryOne(t, in.remove, in.scan, key, version)
	if err != nil {
		return r, conflictOrNotFound(t, err, in.exists, key)
	}
	return r, nil
}

// conflictOrNotFound tells a version that moved on from a record that is not there,
// where a conditional statement found nothing.
func conflictOrNotFound(t *tx, err error, exists query, key any) error {
	if !notFound(err) {
		return err
	}
	there, err := queryOne(t, exists, scanBool, key)
	switch {
	case err != nil:
		return err
	case there:
		return storage.ErrConflict
	}
	return storage.ErrNotFound
}
