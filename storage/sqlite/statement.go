package sqlite

import (
	"fmt"

	sqlite3 "zombiezen.com/go/sqlite"
)

// A statement is prepared once and kept by its connection.
type statement struct {
	stmt *sqlite3.Stmt
	row  row
	used uint64 // when it was last used, in uses of its connection
	big  bool   // whether it holds an argument that is too big to keep
}

// bigArgument is the size in bytes from which on an argument is given back after use.
const bigArgument = 4 << 10

// bind sets all arguments.
func (s *statement) bind(args []any) error {
	if want := s.stmt.BindParamCount(); len(args) != want {
		return fmt.Errorf("%d arguments for a statement of %d", len(args), want)
	}
	for n, arg := range args {
		switch v := arg.(type) {
		case nil:
			s.stmt.BindNull(n + 1)
		case string:
			s.big = s.big || len(v) > bigArgument
			s.stmt.BindText(n+1, v)
		case int64:
			s.stmt.BindInt64(n+1, v)
		case int:
			s.stmt.BindInt64(n+1, int64(v))
		case bool:
			s.stmt.BindBool(n+1, v)
		case []byte:
			s.big = s.big || len(v) > bigArgument
			s.bindBytes(n+1, v)
		default:
			return fmt.Errorf("argument %d has the type %T, which no column keeps", n+1, arg)
		}
	}
	return nil
}

// bindBytes keeps no bytes as NULL.
func (s *statement) bindBytes(param int, v []byte) {
	if v == nil {
		s.stmt.BindNull(param)
		return
	}
	s.stmt.BindBytes(param, v)
}

// step goes to the next row, and tells whether there is one.
func (s *statement) step() (bool, error) {
	more, err := s.stmt.Step()
	return more, engineError(err)
}

// reset ends the statement, so that it can be run again.
func (s *statement) reset() error {
	err := s.stmt.Reset()
	if s.big {
		s.big = false
		_ = s.stmt.ClearBindings() // it fails only where the next use does
	}
	return engineError(err)
}

// row is the row that a statement has come to.
type row struct {
	stmt    *sqlite3.Stmt
	targets []any // those of a whole record, used again for the next
}

// Scan sets a variable for each column.
func (r *row) Scan(dest ...any) error {
	if have := r.stmt.ColumnCount(); len(dest) != have {
		return fmt.Errorf("%d variables for a row of %d columns", len(dest), have)
	}
	for n, d := range dest {
		if err := r.scanColumn(n, d); err != nil {
			return fmt.Errorf("column %d: %w", n+1, err)
		}
	}
	return nil
}

// A columnScanner takes the value of a column: nil, an int64, a string or a []byte. One that is a
// millisTarget or a textTarget too is spared the allocation where the value is of that kind.
type columnScanner interface{ Scan(value any) error }

type millisTarget interface{ setMillis(ms int64) }

func (r *row) scanColumn(n int, dest any) error {
	kind := r.stmt.ColumnType(n)
	switch d := dest.(type) {
	case *string:
		if kind == sqlite3.TypeNull || kind == sqlite3.TypeBlob {
			return unexpectedKind(kind, dest)
		}
		*d = r.stmt.ColumnText(n)
		return nil
	case millisTarget:
		if kind == sqlite3.TypeInteger {
			d.setMillis(r.stmt.ColumnInt64(n))
			return nil
		}
	case textTarget:
		if kind == sqlite3.TypeText {
			return d.setText(r.stmt.ColumnText(n))
		}
	case **int64:
		*d = nil
		if kind == sqlite3.TypeNull {
			return nil
		}
		v := new(int64)
		*d = v
		return r.scanColumn(n, v)
	}
	if c, is := dest.(columnScanner); is {
		return c.Scan(r.value(n, kind))
	}
	if kind != sqlite3.TypeInteger {
		return unexpectedKind(kind, dest)
	}
	switch d := dest.(type) {
	case *int64:
		*d = r.stmt.ColumnInt64(n)
	case *int:
		*d = int(r.stmt.ColumnInt64(n))
	case *bool:
		*d = r.stmt.ColumnInt64(n) != 0
	default:
		return fmt.Errorf("no column is read into %T", dest)
	}
	return nil
}

func unexpectedKind(kind sqlite3.ColumnType, dest any) error {
	return fmt.Errorf("unexpected column type %s for %T", kind, dest)
}

// value is a column of any kind. A number that is no integer, which no column keeps, is a float64.
func (r *row) value(n int, kind sqlite3.ColumnType) any {
	switch kind {
	case sqlite3.TypeInteger:
		return r.stmt.ColumnInt64(n)
	case sqlite3.TypeText:
		return r.stmt.ColumnText(n)
	case sqlite3.TypeBlob:
		b := make([]byte, r.stmt.ColumnLen(n))
		r.stmt.ColumnBytes(n, b)
		return b
	case sqlite3.TypeFloat:
		return r.stmt.ColumnFloat(n)
	}
	return nil
}
