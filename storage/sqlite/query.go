package sqlite

// A query is the text of an SQL statement or a part of one. Only constants of
// this package become queries, by Go's rule that nothing but an untyped constant
// converts by itself, and nothing here converts explicitly: so no value that
// came from outside is ever part of a statement.
type query string

// A selection is a query that grows by conditions.
type selection struct {
	query query
	args  []any
}

func (s *selection) and(condition query, args ...any) {
	s.query += " AND " + condition
	s.args = append(s.args, args...)
}

// page ends the selection with the order by id and one record more than asked
// for: whether it is there tells whether there is a next page.
func (s *selection) page(size int) { s.pageBy("id", size) }

// pageBy is page by another column.
func (s *selection) pageBy(column query, size int) {
	s.query += " ORDER BY " + column + " LIMIT ? + 0"
	s.args = append(s.args, int64(size)+1)
}

// pageDown is page by falling id.
func (s *selection) pageDown(size int) {
	s.query += " ORDER BY id DESC LIMIT ? + 0"
	s.args = append(s.args, int64(size)+1)
}

// trimPage cuts the record too many off a page and returns the cursor that it calls
// for. An empty page is nil.
func trimPage[T any](records []T, size int, id func(T) string) (page []T, next string) {
	if len(records) <= size {
		return records, ""
	}
	return records[:size], id(records[size-1])
}

// scanner is a row, which fills variables.
type scanner interface {
	Scan(dest ...any) error
}
