//go:build openssl

package e2e_test

func init() { extraTags = append(extraTags, "openssl") }
