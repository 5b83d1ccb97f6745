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
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
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
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, end := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		end()
	}()
	if *dir != "" {
		return serve(ctx, *listen, *dir, out)
	}
	temp, err := os.MkdirTemp("", "signet-mongotest-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }()
	return serve(ctx, *listen, temp, out)
}

// serve runs FerretDB on a port of its own and the serializer in front of it.
func serve(ctx context.Context, listen, dir string, out io.Writer) error {
	db, err := database(dir)
	if err != nil {
		return err
	}
	front, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	defer func() { _ = front.Close() }()
	done := make(chan error, 1)
	go func() { done <- db.Run(ctx) }()
	backend, err := url.Parse(db.MongoDBURI()) // waits for its listener
	if err != nil {
		return err
	}
	go newSerializer(backend.Host).serve(front)
	if _, err := fmt.Fprintf(out, "mongodb://%s/\n", front.Addr()); err != nil {
		return err
	}
	return <-done
}

// database prepares FerretDB over the directory of SQLite files.
func database(dir string) (*ferretdb.FerretDB, error) {
	files := url.URL{Scheme: "file", Opaque: (&url.URL{Path: dir}).EscapedPath() + "/"}
	return ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.DiscardHandler),
		Handler:   "sqlite",
		SQLiteURL: files.String(),
	})
}
