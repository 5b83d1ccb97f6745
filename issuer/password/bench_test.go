package password_test

import (
	"context"
	"fmt"
	"testing"

	"example.org/signet/issuer/password"
)

// BenchmarkVerify is the price of one login, by scheme and cost.
func BenchmarkVerify(b *testing.B) {
	configs := map[string]password.Config{
		"argon2id/19MiB-t2-p1": {},
		"argon2id/12MiB-t3-p1": {Argon2id: password.Argon2id{Memory: 12 << 10, Passes: 3, Parallelism: 1}},
		"bcrypt/10":            {Scheme: password.SchemeBcrypt, Bcrypt: password.Bcrypt{Cost: 10}},
		"bcrypt/12":            {Scheme: password.SchemeBcrypt},
	}
	for name, c := range configs {
		b.Run(name, func(b *testing.B) {
			p, err := password.NewPool(c)
			if err != nil {
				b.Fatal(err)
			}
			encoded := hash(b, p, secret)
			b.ReportAllocs()
			for b.Loop() {
				verify(b, p, encoded, secret)
			}
		})
	}
}

// BenchmarkQueue is what the pool itself adds to the least possible evaluation.
func BenchmarkQueue(b *testing.B) {
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			p := newPool(b, func(c *password.Config) { c.Workers, c.Queue = workers, 1<<16 })
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := p.VerifyDummy(context.Background(), "192.0.2.1", secret); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkCheckHash(b *testing.B) {
	for name, encoded := range map[string]string{
		"argon2id": argon2idHash("m=19456,t=2,p=1"), "bcrypt": "$2b$12$" + bcrypt53,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := password.CheckHash(encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
