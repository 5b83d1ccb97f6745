package protocoltest

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// detachedWait is how long a hanging call lasts whose context does not follow
// the request's. It decides nothing: the call fails afterwards in any case.
const detachedWait = 10 * time.Millisecond

// expiringContext is the context of a request whose deadline passes when end is
// called with context.DeadlineExceeded. Contexts made from it end with the same
// error, as they do when their own timer fires, and no test waits for a timer.
type expiringContext struct {
	context.Context
	done chan struct{}
	once sync.Once
	err  error // set before done is closed
}

// expireKey finds the expiringContext that a context was made from.
type expireKey struct{}

func (c *expiringContext) Done() <-chan struct{} { return c.done }

func (c *expiringContext) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

func (c *expiringContext) Value(key any) any {
	if key == (expireKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func (c *expiringContext) end(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.done)
	})
}

// withExpiringContexts gives every request a context that HangAt can end.
func withExpiringContexts(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := &expiringContext{Context: r.Context(), done: make(chan struct{})}
		defer context.AfterFunc(r.Context(), func() { ctx.end(r.Context().Err()) })()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// hang returns when the call's deadline has passed, and false where it has none.
// The deadline of a request passes at once.
func hang(ctx context.Context) bool {
	if _, ok := ctx.Deadline(); !ok {
		return false
	}
	request, ok := ctx.Value(expireKey{}).(*expiringContext)
	if !ok {
		<-ctx.Done()
		return true
	}
	request.end(context.DeadlineExceeded)
	select {
	case <-ctx.Done():
	case <-time.After(detachedWait): // an audit event is written even if its request gives up
	}
	return true
}
