package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	debug.SetGCPercent(400) // tests wait for it, and it holds little
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until in ends or the process is asked to stop.
func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to listen on")
	dir := flags.String("dir", "", "directory of the database files; none: a temporary one, removed at the end")
	set := flags.String("set", "", "name of the replica set to be the primary of; none: a standalone server")
	secondary := flags.Bool("secondary", false, "be a secondary of a set without a primary")
	wire := flags.Int("wire", 0, "newest wire version to speak; 0: FerretDB's")
	user := flags.String("user", "", "user who may log in; none: no login is needed")
	password := flags.String("password", "", "the user's password")
	readOnly := flags.Bool("readonly", false, "refuse every command that writes")
	racy := flags.Bool("racy", false, "let writing commands through side by side")
	if err := flags.Parse(args); err != nil {
		return err
	}
	who, err := newAccounts(*user, *password, *readOnly)
	if err != nil {
		return err
	}
	f := front{listen: *listen, role: role{set: *set, secondary: *secondary, wire: *wire, login: *user != ""}, accounts: who, racy: *racy}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		end()
	}()
	if *dir != "" {
		return f.serve(ctx, *dir, out)
	}
	temp, err := os.MkdirTemp("", "signet-mongotest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	return f.serve(ctx, temp, out)
}

// front is what clients meet.
type front struct {
	listen   string // TCP address
	role     role
	accounts *accounts
	racy     bool
}

// serve runs FerretDB on a port of its own and the serializer in front of it.
func (f front) serve(ctx context.Context, dir string, out io.Writer) error {
	db, err := database(dir)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	backend, err := url.Parse(db.MongoDBURI()) // waits for its listener
	if err != nil {
		return err
	}
	f.role.addr = listener.Addr().String()
	s := newSerializer(backend.Host, f.role, f.accounts)
	s.racy = f.racy
	go s.serve(listener)
	if _, err := fmt.Fprintln(out, f.uri(f.role.addr)); err != nil {
		return err
	}
	return <-done
}

// uri is the connection string, without a login.
func (f front) uri(addr string) string {
	if f.role.set == "" {
		return "mongodb://" + addr + "/"
	}
	return "mongodb://" + addr + "/?replicaSet=" + url.QueryEscape(f.role.set)
}

// database prepares FerretDB over the directory of SQLite files. They are not
// synced: what was written survives the end of the process, which is all that
// the tests kill.
func database(dir string) (*ferretdb.FerretDB, error) {
	files := url.URL{
		Scheme: "file", Opaque: (&url.URL{Path: dir}).EscapedPath() + "/",
		RawQuery: url.Values{"_pragma": {"synchronous(off)"}}.Encode(),
	}
	return ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.DiscardHandler),
		Handler:   "sqlite",
		SQLiteURL: files.String(),
	})
}
