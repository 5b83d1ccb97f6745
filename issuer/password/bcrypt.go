package password

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"example.org/signet/internal/fielderror"
)

const (
	// Bounds on the cost of new and of stored hashes: each step doubles the work,
	// and 16 takes seconds.
	minBcryptCost     = bcrypt.MinCost
	maxBcryptCost     = 16
	defaultBcryptCost = 12

	// maxBcryptInput is how many bytes of a password bcrypt reads.
	maxBcryptInput = 72

	bcryptSize       = 60 // the whole string
	bcryptHeaderSize = 7  // $2b$12$
)

// Bcrypt holds bcrypt's cost parameter. The zero value stands for cost 12.
type Bcrypt struct {
	// Cost is the binary logarithm of the number of rounds, 4 to 16.
	Cost int
}

var (
	_ scheme     = Bcrypt{}
	_ storedHash = bcryptHash{}
)

func (p Bcrypt) faults() fielderror.List {
	var list fielderror.List
	if p.Cost < minBcryptCost || p.Cost > maxBcryptCost {
		list.Addf("bcrypt-cost", "bcrypt cost is not within %d to %d", minBcryptCost, maxBcryptCost)
	}
	return list
}

// check refuses what bcrypt would mistake for another password. It stops reading
// after 72 bytes, and repeats password and closing NUL in a circle, so that p and
// p\0p are one to it.
func (p Bcrypt) check(pw string) error {
	switch {
	case len(pw) > maxBcryptInput:
		return ErrTooLongForBcrypt
	case strings.ContainsRune(pw, 0):
		return ErrNUL
	}
	return nil
}

// hash leaves the salt to the library, which draws it from crypto/rand and takes no
// other source. That one ends the process rather than fail.
func (p Bcrypt) hash(_ io.Reader, pw string) (string, error) {
	encoded, err := bcrypt.GenerateFromPassword([]byte(pw), p.Cost)
	if err != nil {
		return "", fmt.Errorf("bcrypt: %w", err)
	}
	return string(encoded), nil
}

func (p Bcrypt) hashDummy(pw string) {
	bcryptHash{encoded: p.dummyHash(), cost: p.Cost}.matches(pw)
}

// dummyHash is a well-formed hash of nothing, whose evaluation costs what any other does.
func (p Bcrypt) dummyHash() string {
	return fmt.Sprintf("$2b$%02d$%s", p.Cost, strings.Repeat(".", bcryptSize-bcryptHeaderSize))
}

func (p Bcrypt) current(d storedHash) bool {
	h, ok := d.(bcryptHash)
	return ok && h.cost == p.Cost
}

// bcryptHash is one stored bcrypt hash. $2a$, $2b$ and $2y$ differ in which faults
// their first implementations had, not in the function.
type bcryptHash struct {
	encoded string
	cost    int
}

// matches evaluates dummyPassword where bcrypt could not tell the password from
// another, and then returns false.
func (h bcryptHash) matches(pw string) bool {
	input, fit := pw, Bcrypt{}.check(pw) == nil
	if !fit {
		input = dummyPassword
	}
	err := bcrypt.CompareHashAndPassword([]byte(h.encoded), []byte(input))
	return err == nil && fit
}

// parseBcrypt demands the exact shape, since the library's comparison gives up
// before the evaluation on some malformed hashes.
func parseBcrypt(encoded string) (storedHash, error) {
	cost, err := parseBcryptCost(encoded)
	if err != nil {
		return nil, formatError(err.Error())
	}
	for _, c := range []byte(encoded[bcryptHeaderSize:]) {
		if !isBase64Char(c) || c == '+' {
			return nil, formatError("bcrypt hash holds a character outside its alphabet")
		}
	}
	return bcryptHash{encoded: encoded, cost: cost}, nil
}

// parseBcryptCost reads the two digits after the prefix of a hash of full length.
func parseBcryptCost(encoded string) (int, error) {
	if len(encoded) != bcryptSize {
		return 0, fmt.Errorf("bcrypt hash is not %d characters long", bcryptSize)
	}
	tens, ones, end := encoded[4], encoded[5], encoded[6]
	if tens < '0' || tens > '9' || ones < '0' || ones > '9' || end != '$' {
		return 0, errors.New("bcrypt cost is not two digits")
	}
	cost := int(tens-'0')*10 + int(ones-'0')
	return cost, Bcrypt{Cost: cost}.faults().Err()
}
