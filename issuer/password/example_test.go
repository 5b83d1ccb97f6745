package password_test

import (
	"context"
	"fmt"

	"example.org/signet/issuer/password"
)

// A login with a hash that came from another store: it is kept until its owner logs
// in, and made anew then.
func ExamplePool_Verify() {
	pool, err := password.NewPool(password.Config{})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	stored := "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq"

	result, err := pool.Verify(ctx, "192.0.2.1", stored, "rasmuslerdorf")
	if err != nil {
		panic(err) // nothing is known about the password: answer 503
	}
	fmt.Println("right:", result.OK)
	if result.NeedsRehash {
		if fresh, err := pool.Hash(ctx, "192.0.2.1", "rasmuslerdorf"); err == nil {
			stored = fresh
		}
	}
	fmt.Println("now:", stored[:30])
	// Output:
	// right: true
	// now: $argon2id$v=19$m=19456,t=2,p=1
}
