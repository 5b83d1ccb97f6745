package userfile_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"example.org/signet/issuer/userfile"
)

// repeated is a file of a head, one piece many times, and a tail, which is never held
// in memory as a whole.
func repeated(head, piece string, times int, tail string) io.Reader {
	block := strings.Repeat(piece, 100)
	readers := []io.Reader{strings.NewReader(head)}
	for range times / 100 {
		readers = append(readers, strings.NewReader(block))
	}
	return io.MultiReader(append(readers, strings.NewReader(tail))...)
}

// count reads a file to its end and returns how many users and bad lines it has and
// how far the live heap grew meanwhile.
func count(t testing.TB, file io.Reader) (users, bad int, grown int64) {
	t.Helper()
	r, err := userfile.NewReader(file, userfile.Options{PlainPasswords: true})
	if err != nil {
		t.Fatal(err)
	}
	start := liveHeap()
	for n := 0; ; n++ {
		_, err := r.Next()
		var line *userfile.LineError
		switch {
		case err == io.EOF:
			return users, bad, max(grown, liveHeap()-start)
		case errors.As(err, &line):
			bad++
		case err != nil:
			t.Fatal(err)
		default:
			users++
		}
		if n%10000 == 9999 {
			grown = max(grown, liveHeap()-start)
		}
	}
}

func liveHeap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

const memoryBound = 512 << 10

func TestMemoryStaysBoundedOverManyUsers(t *testing.T) {
	const n, fewer = 100_000, 10_000
	object := `{"username":"alice","email":"alice@example.com","full_name":"Alice","hashed_password":"` + sponge + `","role":"user"}`
	for name, file := range map[string]io.Reader{
		"JSON lines": repeated("", object+"\n", n, ""),
		"JSON array": repeated("[", object+",", fewer, object+"]"),
		"CSV":        repeated("username,email,hashed_password\n", "alice,alice@example.com,"+sponge+"\n", fewer, ""),
	} {
		t.Run(name, func(t *testing.T) {
			users, bad, grown := count(t, file)
			if users < fewer || bad != 0 {
				t.Errorf("%d users, %d bad lines", users, bad)
			}
			if grown > memoryBound {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		})
	}
}

// One user without end, in every kind of file and every state of its reader, is one
// error and costs no memory.
func TestMemoryStaysBoundedInOneUser(t *testing.T) {
	const n = 1 << 20
	x := strings.Repeat("x", 1024)
	for name, file := range map[string]io.Reader{
		"JSON line":           repeated(`{"username":"`, x, n/1024, `"}`),
		"JSON array, text":    repeated(`[{"username":"`, x, n/1024, `"}]`),
		"JSON array, depth":   repeated(`[`, strings.Repeat("[", 1024), n/1024, ``),
		"CSV, text":           repeated("username\n", x, n/1024, "\n"),
		"CSV, quoted":         repeated("username\n\"", x+"\n", n/1024, "\"\n"),
		"CSV, separators":     repeated("username,x\n", strings.Repeat(",", 1024), n/1024, "\n"),
		"CSV, behind a fault": repeated("username\n\"a\"b", x, n/1024, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			users, bad, grown := count(t, file)
			if users != 0 || bad < 1 || bad > 2 {
				t.Errorf("%d users, %d bad lines; want none and one or two", users, bad)
			}
			if grown > memoryBound {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	object := `{"_id":{"$oid":"6080a7d2f1f2a0b1c2d3e4f5"},"username":"alice","email":"alice@example.com","hashed_password":"` + sponge + `","role":"user"}`
	for name, c := range map[string]struct{ head, piece string }{
		"json lines": {"", object + "\n"},
		"json array": {"[", object + ","},
		"csv":        {"id,username,email,hashed_password,role\n", "1,alice,alice@example.com," + sponge + ",user\n"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.piece)))
			r, err := userfile.NewReader(io.MultiReader(strings.NewReader(c.head), &endless{piece: c.piece}), userfile.Options{PlainPasswords: true})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// endless is one piece again and again.
type endless struct {
	piece string
	at    int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.piece[e.at:])
	e.at = (e.at + n) % len(e.piece)
	return n, nil
}

func ExampleReader() {
	file := "username,full_name,hashed_password\n" +
		"flyingsponge,Bob,$2b$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e\n" +
		"patrick star,Patrick,\n" +
		"sandy,Sandy,\n"
	r, err := userfile.NewReader(strings.NewReader(file), userfile.Options{PlainPasswords: true})
	if err != nil {
		panic(err)
	}
	for {
		user, err := r.Next()
		var bad *userfile.LineError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &bad):
			fmt.Println("skipped", bad)
		case err != nil:
			panic(err)
		default:
			fmt.Println(user.Username, user.FullName, user.PasswordHash)
		}
	}
	// Output:
	// flyingsponge Bob [redacted]
	// skipped line 3: username holds a space
	// sandy Sandy
}
