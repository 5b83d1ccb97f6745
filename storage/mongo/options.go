package mongo

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
)

// DefaultTimeout bounds a step when nothing else does: the caller can answer
// 503 within two seconds, whatever became of the database.
const DefaultTimeout = 1500 * time.Millisecond

// DefaultMaxPool is the most connections a store opens to each server, unless
// maxPoolSize in the connection string says otherwise.
const DefaultMaxPool = 50

// DefaultMaxIdle is how long an unused connection stays in the pool, unless maxIdleTimeMS
// in the connection string says otherwise. A connection that a firewall has dropped, or
// whose server is gone, costs a request its whole timeout, so a pool of such connections
// must expire soon.
const DefaultMaxIdle = 2 * time.Second

// An Option changes how a store is opened.
type Option func(*config)

type config struct {
	timeout time.Duration
	monitor *event.CommandMonitor
}

// WithTimeout bounds each method, connecting and server selection included.
// Those that work through many records are bounded by it batch by batch.
// Without it, or with none, the bound is [DefaultTimeout].
func WithTimeout(d time.Duration) Option {
	return func(c *config) {
		if d > 0 {
			c.timeout = d
		}
	}
}

// WithMonitor lets m see every command and its outcome.
func WithMonitor(m *event.CommandMonitor) Option {
	return func(c *config) { c.monitor = m }
}
