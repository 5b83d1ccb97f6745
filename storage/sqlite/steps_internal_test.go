package sqlite

import (
	"fmt"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"example.org/signet/storage"
)

// A stepCounter runs statements on a file past the store, and says how many steps of its virtual
// machine SQLite takes for each.
type stepCounter struct {
	t   *testing.T
	tls *libc.TLS
	db  uintptr
}

func newStepCounter(t *testing.T, path string) *stepCounter {
	t.Helper()
	c := &stepCounter{t: t, tls: libc.NewTLS()}
	name, out := c.text(path), c.tls.Alloc(8)
	defer c.tls.Free(8)
	defer libc.Xfree(c.tls, name)
	if rc := sqlite3.Xsqlite3_open_v2(c.tls, name, out, sqlite3.SQLITE_OPEN_READONLY, 0); rc != sqlite3.SQLITE_OK {
		t.Fatalf("open %s: result %d", path, rc)
	}
	c.db = **(**uintptr)(unsafe.Pointer(&out))
	t.Cleanup(func() { sqlite3.Xsqlite3_close_v2(c.tls, c.db); c.tls.Close() })
	return c
}

func (c *stepCounter) text(s string) uintptr {
	c.t.Helper()
	p, err := libc.CString(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// steps runs the statement to its end. It fails the test where a table is scanned or a sort is
// made.
func (c *stepCounter) steps(q selection) (steps, rows int) {
	c.t.Helper()
	text, out := c.text(string(q.query)), c.tls.Alloc(8)
	defer c.tls.Free(8)
	defer libc.Xfree(c.tls, text)
	if rc := sqlite3.Xsqlite3_prepare_v2(c.tls, c.db, text, -1, out, 0); rc != sqlite3.SQLITE_OK {
		c.t.Fatalf("prepare: result %d", rc)
	}
	stmt := **(**uintptr)(unsafe.Pointer(&out))
	defer sqlite3.Xsqlite3_finalize(c.tls, stmt)
	for n, arg := range q.args {
		c.bind(stmt, int32(n+1), arg)
	}
	for sqlite3.Xsqlite3_step(c.tls, stmt) == sqlite3.SQLITE_ROW {
		rows++
	}
	status := func(of int32) int { return int(sqlite3.Xsqlite3_stmt_status(c.tls, stmt, of, 0)) }
	if scanned, sorts := status(sqlite3.SQLITE_STMTSTATUS_FULLSCAN_STEP), status(sqlite3.SQLITE_STMTSTATUS_SORT); scanned != 0 || sorts != 0 {
		c.t.Errorf("%d steps of a scan, %d sorts: %s", scanned, sorts, q.query)
	}
	return status(sqlite3.SQLITE_STMTSTATUS_VM_STEP), rows
}

func (c *stepCounter) bind(stmt uintptr, n int32, arg any) {
	c.t.Helper()
	switch v := arg.(type) {
	case int64:
		sqlite3.Xsqlite3_bind_int64(c.tls, stmt, n, v)
	case string:
		p := c.text(v)
		defer libc.Xfree(c.tls, p)
		sqlite3.Xsqlite3_bind_text(c.tls, stmt, n, p, int32(len(v)), ^uintptr(0)) // SQLITE_TRANSIENT
	case []byte:
		sqlite3.Xsqlite3_bind_zeroblob(c.tls, stmt, n, int32(len(v))) // the ones here are empty or one zero
	default:
		c.t.Fatalf("argument %d is a %T", n, arg)
	}
}

// A page of users costs the same among a thousand and among a hundred thousand, whatever is
// asked, the first page and one in the middle.
func TestUserPageStepsAreConstant(t *testing.T) {
	const few, size = 1_000, 20
	many := 100_000
	if testing.Short() {
		many = 10_000
	}
	type cost struct{ steps, rows int }
	costs := func(users int) (all map[string]cost) {
		path := earlierUsers(t, users)
		if err := openClose(t, path); err != nil {
			t.Fatal(err)
		}
		all = map[string]cost{}
		c := newStepCounter(t, path)
		for n, f := range everyUserFilter("user") {
			after := fmt.Sprintf("%d.id", users/3/2*1000)
			if f.ByName() {
				after = fmt.Sprintf("user%07d", users/2)
			}
			for page, after := range map[string]string{"first": "", "middle": after} {
				steps, rows := c.steps(userQuery(f, storage.Page{After: after, Limit: size}))
				all[fmt.Sprintf("%s page of filter %d (prefix %q, role %q)", page, n, f.Prefix, f.Role)] = cost{steps, rows}
			}
		}
		return all
	}
	among := costs(few)
	worst := 0
	for what, c := range costs(many) {
		worst = max(worst, c.steps)
		if least := min(among[what].rows, c.rows); c.steps > among[what].steps*max(c.rows, 1)/max(least, 1)*3/2+200 {
			t.Errorf("%s: %d steps for %d users among %d, %d for %d among %d", what, among[what].steps, among[what].rows, few, c.steps, c.rows, many)
		}
		if most := 150 * (2*size + 10); c.steps > most {
			t.Errorf("%s: %d steps, want at most %d", what, c.steps, most)
		}
	}
	t.Logf("the dearest page of %d takes %d steps", size, worst)
}
