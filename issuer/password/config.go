package password

import (
	"crypto/rand"
	"io"
	"runtime"

	"example.org/signet/internal/fielderror"
)

// Names of the schemes that new hashes can be made with.
const (
	SchemeArgon2id = "argon2id"
	SchemeBcrypt   = "bcrypt"
)

// queuePerWorker keeps the wait at the end of a full queue near a second with the
// default parameters.
const queuePerWorker = 32

// maxWorkers and maxQueue refuse settings that bound nothing.
const (
	maxWorkers = 1024
	maxQueue   = 1 << 16
)

// Config sets up a Pool. The zero value is safe: argon2id with OWASP's parameters, on
// all cores but one.
type Config struct {
	// Workers is how many evaluations run at a time, 1 to 1024. 0 stands for
	// GOMAXPROCS − 1, and at least one, which leaves a core to everything else.
	Workers int
	// Queue is how many callers may wait, 1 to 65536. 0 stands for 32 a worker.
	Queue int
	// Scheme names the kind of new hashes: SchemeArgon2id, also if empty, or
	// SchemeBcrypt. Hashes of every known kind are verified whichever is set.
	Scheme string
	// Argon2id and Bcrypt hold the cost of new hashes; the zero values stand for
	// the defaults.
	Argon2id Argon2id
	Bcrypt   Bcrypt
	// Rand is where argon2id salts come from; nil stands for crypto/rand. Bcrypt
	// salts always come from crypto/rand.
	Rand io.Reader
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = max(1, runtime.GOMAXPROCS(0)-1)
	}
	if c.Queue == 0 {
		c.Queue = min(queuePerWorker*max(1, c.Workers), maxQueue)
	}
	if c.Scheme == "" {
		c.Scheme = SchemeArgon2id
	}
	if c.Argon2id == (Argon2id{}) {
		c.Argon2id = defaultArgon2id
	}
	if c.Bcrypt == (Bcrypt{}) {
		c.Bcrypt.Cost = defaultBcryptCost
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c
}

// Validate returns all faults at once, as a fielderror.List under the names of the
// settings. Both schemes are checked, whichever is chosen.
func (c Config) Validate() error {
	_, err := c.withDefaults().check()
	return err
}

// check returns the scheme of new hashes, and the settings under which the pool
// could not run anything or would bound nothing. Defaults have been filled in.
func (c Config) check() (scheme, error) {
	var faults fielderror.List
	if c.Workers < 1 || c.Workers > maxWorkers {
		faults.Addf("hash-workers", "workers are not within 1 to %d", maxWorkers)
	}
	if c.Queue < 1 || c.Queue > maxQueue {
		faults.Addf("hash-queue", "queue is not within 1 to %d", maxQueue)
	}
	schemes := map[string]scheme{SchemeArgon2id: c.Argon2id, SchemeBcrypt: c.Bcrypt}
	if schemes[c.Scheme] == nil {
		faults.Addf("password-hash", "scheme %q is neither %s nor %s", c.Scheme, SchemeArgon2id, SchemeBcrypt)
	}
	faults = append(faults, c.Argon2id.faults()...)
	faults = append(faults, c.Bcrypt.faults()...)
	return schemes[c.Scheme], faults.Err()
}
