package keys_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"example.org/signet/keys"
)

// exampleManager opens the keys of an empty store.
func exampleManager() *keys.Manager {
	master, err := keys.NewMasterKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	cfg := keys.DefaultConfig(time.Now)
	cfg.Alg = keys.ES256
	m, err := keys.Open(context.Background(), new(memoryStore), master, cfg)
	if err != nil {
		panic(err)
	}
	return m
}

func ExampleManager_Current() {
	ctx := context.Background()
	m := exampleManager()

	signing, err := m.Current() // both tokens of one answer by one key
	if err != nil {
		panic(err)
	}
	access, _ := signing.Sign(ctx, "at+jwt", map[string]any{"sub": "alice"})
	id, _ := signing.Sign(ctx, "JWT", map[string]any{"sub": "alice"})

	for _, token := range []string{access, id} {
		payload, header, err := m.Verify(ctx, token)
		fmt.Println(string(payload), header.Typ, header.Alg, err)
	}
	// Output:
	// {"sub":"alice"} at+jwt ES256 <nil>
	// {"sub":"alice"} JWT ES256 <nil>
}

func ExampleManager_Rotate() {
	m := exampleManager()
	_, err := m.Rotate(context.Background(), keys.Change{})
	fmt.Println("scheduled:", err)
	_, err = m.Rotate(context.Background(), keys.Change{Force: true})
	fmt.Println("forced:", err)
	for _, k := range m.List() {
		fmt.Println(k.Seq, k.State)
	}
	// Output:
	// scheduled: <nil>
	// forced: <nil>
	// 1 retired
	// 2 active
	// 3 standby
	// 4 standby
}
