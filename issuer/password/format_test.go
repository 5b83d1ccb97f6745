package password_test

import (
	"errors"
	"strings"
	"testing"

	"example.org/signet/issuer/password"
)

// Parts of well-formed hashes, to be put together wrongly.
const (
	salt16     = "wagCPXjifgvUFBzq4hqe3w"
	tag32      = "CYaIb8sB+wtD+Vu/P4uod1+Qof8h+1g7bbDlBID48Rc"
	passlibTag = "72B4lFDrgCz7F4oWtP0y8HMg4R5RmRzQ6LPgzw3JwSM"
	bcrypt53   = "Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"
)

func argon2idHash(params string) string {
	return "$argon2id$v=19$" + params + "$" + salt16 + "$" + tag32
}

func TestCheckHashAccepts(t *testing.T) {
	for _, encoded := range []string{
		argon2idHash("m=19456,t=2,p=1"),
		argon2idHash("m=65536,t=3,p=4"),  // argon2-cffi, pwdlib
		argon2idHash("m=102400,t=2,p=8"), // Django
		argon2idHash("m=262144,t=3,p=1"), // libsodium, moderate
		argon2idHash("m=8,t=1,p=1"),
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$2a$04$" + bcrypt53,
		"$2b$12$" + bcrypt53,
		"$2y$16$" + bcrypt53,
		strings.Replace(argon2idHash("m=4096,t=3,p=1"), "2id", "2i", 1),
		"pbkdf2_sha256$1200000$saltsaltsaltsalt1234ab$" + tag32 + "=", // Django 6
		"$pbkdf2-sha512$25000$" + salt16 + "$" + passlibTag,
		"$pbkdf2-sha256$27500$" + salt16 + "$" + strings.Repeat("AAAA", 21), // Keycloak's key of 64 bytes, less one
		"$scrypt$ln=16,r=8,p=1$" + salt16 + "$" + tag32,                     // passlib
		"scrypt:32768:8:1$saltsaltsaltsalt$" + strings.Repeat("0a", 64),     // Werkzeug
		"scrypt$16384$saltsaltsaltsalt1234ab$8$5$" + strings.Repeat("AAAA", 21) + "AA==",
	} {
		if err := password.CheckHash(encoded); err != nil {
			t.Errorf("Recognize(%q) = %v", encoded, err)
		}
	}
}

func TestCheckHashRefusesWithAReason(t *testing.T) {
	cases := []struct{ name, encoded, reason string }{
		{"empty", "", "it is empty"},
		{"plain text", "hunter2-hunter2", "neither argon2, bcrypt, PBKDF2 nor scrypt"},
		{"bcrypt 2x", "$2x$12$" + bcrypt53, "$2x$"},
		{"bcrypt 2", "$2$12$" + bcrypt53, "kind is not read"},
		{"bcrypt cost 3", "$2b$03$" + bcrypt53, "cost is not within 4 to 16"},
		{"bcrypt cost 17", "$2b$17$" + bcrypt53, "cost is not within 4 to 16"},
		{"bcrypt cost 31", "$2b$31$" + bcrypt53, "cost is not within 4 to 16"},
		{"bcrypt cost signed", "$2b$+4$" + bcrypt53, "two digits"},
		{"bcrypt cost with one digit", "$2b$4$" + bcrypt53 + "a", "two digits"},
		{"bcrypt cut short", "$2b$12$" + bcrypt53[:52], "60 characters"},
		{"bcrypt with a tail", "$2b$12$" + bcrypt53 + "a", "60 characters"},
		{"bcrypt prefix alone", "$2b$", "60 characters"},
		{"bcrypt with a plus", "$2b$12$+" + bcrypt53[1:], "alphabet"},
		{"bcrypt with NUL", "$2b$12$\x00" + bcrypt53[1:], "alphabet"},
		{"argon2i of too much memory", strings.Replace(argon2idHash("m=4194304,t=1,p=1"), "2id", "2i", 1), "memory is over"},
		{"argon2d", strings.Replace(argon2idHash("m=4096,t=3,p=1"), "2id", "2d", 1), "only the kinds argon2id and argon2i"},
		{"argon2 version 16", strings.Replace(argon2idHash("m=64,t=1,p=1"), "v=19", "v=16", 1), "version 19"},
		{"argon2 without version", strings.Replace(argon2idHash("m=64,t=1,p=1"), "v=19$", "", 1), "four parts"},
		{"argon2 4 GiB", argon2idHash("m=4194304,t=1,p=1"), "memory is over"},
		{"argon2 just over the memory bound", argon2idHash("m=262145,t=1,p=1"), "memory is over"},
		{"argon2 2^32 KiB", argon2idHash("m=4294967296,t=1,p=1"), "not of the form"},
		{"argon2 a million passes", argon2idHash("m=64,t=1000000,p=1"), "passes are not within"},
		{"argon2 memory times passes", argon2idHash("m=262144,t=5,p=1"), "times passes is over"},
		{"argon2 no passes", argon2idHash("m=64,t=0,p=1"), "passes are not within"},
		{"argon2 no lanes", argon2idHash("m=64,t=1,p=0"), "parallelism is not within"},
		{"argon2 too many lanes", argon2idHash("m=65536,t=1,p=17"), "parallelism is not within"},
		{"argon2 too little memory", argon2idHash("m=31,t=1,p=4"), "memory is under"},
		{"argon2 leading zero", argon2idHash("m=064,t=1,p=1"), "not of the form"},
		{"argon2 plus sign", argon2idHash("m=+64,t=1,p=1"), "not of the form"},
		{"argon2 space", argon2idHash("m= 64,t=1,p=1"), "not of the form"},
		{"argon2 other order", argon2idHash("t=1,m=64,p=1"), "not of the form"},
		{"argon2 key id", argon2idHash("m=64,t=1,p=1,keyid=AA"), "not of the form"},
		{"argon2 parameter twice", argon2idHash("m=64,t=1,p=1,p=1"), "not of the form"},
		{"argon2 short salt", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$" + tag32, "salt is not"},
		{"argon2 padded salt", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "==$" + tag32, "salt is not"},
		{"argon2 spare bits in the salt", "$argon2id$v=19$m=64,t=1,p=1$" + salt16[:21] + "x$" + tag32, "salt is not"},
		{"argon2 short tag", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$AAAA", "tag is not"},
		{"argon2 no tag", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$", "tag is not"},
		{"argon2 long tag", "$argon2id$v=19$m=64,t=1,p=1$" + salt16 + "$" + strings.Repeat("AAAA", 22), "tag is not"},
		{"argon2 fifth part", argon2idHash("m=64,t=1,p=1") + "$AAAA", "four parts"},
		{"argon2 line break", argon2idHash("m=64,t=1,p=1") + "\n", "tag is not"},
		{"PBKDF2 of MD5", "pbkdf2_sha3$600000$c29tZXNhbHQ$" + tag32 + "=", "SHA-1, SHA-256 and SHA-512"},
		{"PBKDF2 a million million iterations", "pbkdf2_sha256$1000000000000$c29tZXNhbHQ$" + tag32 + "=", "iterations are over 4000000"},
		{"PBKDF2 more than an int", "pbkdf2_sha256$99999999999999999999$c29tZXNhbHQ$" + tag32 + "=", "not a number"},
		{"PBKDF2 no iterations", "pbkdf2_sha256$0$c29tZXNhbHQ$" + tag32 + "=", "not a number"},
		{"PBKDF2 negative iterations", "$pbkdf2-sha256$-1$" + salt16 + "$" + passlibTag, "not a number"},
		{"PBKDF2 iterations times blocks", "$pbkdf2$1000001$" + salt16 + "$" + strings.Repeat("AAAA", 21), "iterations are over 1000000"},
		{"PBKDF2 no salt", "pbkdf2_sha256$1000$$" + tag32 + "=", "salt is not 4"},
		{"PBKDF2 short key", "pbkdf2_sha256$1000$c29tZXNhbHQ$AAAA", "key is not 16"},
		{"PBKDF2 long key", "$pbkdf2-sha512$1000$" + salt16 + "$" + strings.Repeat("AAAA", 22), "key is not 16"},
		{"PBKDF2 key cut off", "pbkdf2_sha256$1000$c29tZXNhbHQ$" + tag32, "not base64"},
		{"PBKDF2 without a key", "pbkdf2_sha256$1000$c29tZXNhbHQ", "four parts"},
		{"PBKDF2 a part too many", "$pbkdf2-sha256$1000$" + salt16 + "$" + passlibTag + "$", "four parts"},
		{"Werkzeug PBKDF2, key not hexadecimal", "pbkdf2:sha256:1000$c29tZXNhbHQ$zz", "hexadecimal"},
		{"Werkzeug PBKDF2, no iterations", "pbkdf2:sha256$c29tZXNhbHQ$00", "its parts"},
		{"scrypt of 16 GiB", "$scrypt$ln=24,r=8,p=1$" + salt16 + "$" + tag32, "memory is over 128 MiB"},
		{"scrypt ln 63", "$scrypt$ln=63,r=8,p=1$" + salt16 + "$" + tag32, "ln is not"},
		{"scrypt r 0", "$scrypt$ln=4,r=0,p=1$" + salt16 + "$" + tag32, "r is not"},
		{"scrypt p 17", "$scrypt$ln=4,r=8,p=17$" + salt16 + "$" + tag32, "p is not"},
		{"scrypt work", "$scrypt$ln=16,r=8,p=3$" + salt16 + "$" + tag32, "N times r times p"},
		{"scrypt parameters in another order", "$scrypt$r=8,ln=4,p=1$" + salt16 + "$" + tag32, "of the form"},
		{"scrypt padded", "$scrypt$ln=4,r=8,p=1$" + salt16 + "==$" + tag32, "not base64"},
		{"scrypt no salt", "$scrypt$ln=4,r=8,p=1$$" + tag32, "salt is not"},
		{"scrypt no key", "$scrypt$ln=4,r=8,p=1$" + salt16 + "$", "key is not"},
		{"Django scrypt, N not a power of two", "scrypt$1000$c29tZXNhbHQ$8$1$" + tag32 + "=", "power of two"},
		{"Django scrypt, N negative", "scrypt$-16$c29tZXNhbHQ$8$1$" + tag32 + "=", "power of two"},
		{"Django scrypt, N with a sign", "scrypt$+16$c29tZXNhbHQ$8$1$" + tag32 + "=", "not numbers"},
		{"Django scrypt, parts", "scrypt$16$c29tZXNhbHQ$8$" + tag32 + "=", "its parts"},
		{"Werkzeug scrypt, 4 GiB", "scrypt:4194304:8:1$c29tZXNhbHQ$" + strings.Repeat("00", 64), "memory is over"},
		{"Werkzeug scrypt, no hexadecimal", "scrypt:16:8:1$c29tZXNhbHQ$xx", "hexadecimal"},
		{"SHA-512-crypt", "$6$rounds=5000$saltstring$" + strings.Repeat("a", 86), "kind is not read"},
		{"one mebibyte", "$2b$12$" + strings.Repeat("a", 1<<20), "longer than any"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := password.CheckHash(c.encoded)
			if !errors.Is(err, password.ErrFormat) {
				t.Fatalf("error is %v, want one that wraps ErrFormat", err)
			}
			if !strings.Contains(err.Error(), c.reason) {
				t.Errorf("error %q does not say %q", err, c.reason)
			}
			for _, secret := range []string{salt16, tag32, bcrypt53[:20], "hunter2"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q holds a part of the hash", err)
				}
			}
		})
	}
}

func TestLooksHashed(t *testing.T) {
	hashes := []string{
		"$2b$12$" + bcrypt53,
		"$2x$12$" + bcrypt53,
		argon2idHash("m=64,t=1,p=1"),
		"$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
		"$6$saltstring$" + strings.Repeat("a", 86),
		"$pbkdf2-sha256$29000$c29tZXNhbHQ$" + tag32,
		"$bcrypt-sha256$v=2,t=2b,r=12$" + bcrypt53[:22] + "$" + bcrypt53[22:],
		"$7$C6..../....SodiumChloride$" + tag32,
		"pbkdf2_sha256$600000$c29tZXNhbHQ$" + tag32,
		"bcrypt_sha256$$2b$12$" + bcrypt53,
		"argon2$argon2id$v=19$m=102400,t=2,p=8$" + salt16 + "$" + tag32,
		"scrypt:32768:8:1$c29tZXNhbHQ$" + strings.Repeat("0f", 64),
		"pbkdf2:sha256:600000$c29tZXNhbHQ$" + strings.Repeat("0f", 32),
		"{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3",
		"5f4dcc3b5aa765d61d8327deb882cf99",
		"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8",
		// Salt and digest in hexadecimal, either first, with every separator.
		"00112233445566aa:" + strings.Repeat("0f", 32),
		"5f4dcc3b5aa765d61d8327deb882cf99:salt",
		strings.Repeat("0f", 64) + ".00112233445566aa",
		"salt$" + strings.Repeat("AB", 20),
		"aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0",
		// Marks of accounts without a password.
		"!", "!!", "*", "*LK*", "x", "!AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd", "!$6$saltstring$" + strings.Repeat("a", 86),
		// LDAP, Spring, JSON.
		"{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc",
		"{noop}hunter2hunter2", "{x-pbkdf2}B64", "{CRYPT}$6$salt$abc", "{ssha512}abcd", `{"hash":"abc","salt":"def"}`,
		// ASP.NET Identity 3 and 2, salt and digest in base64.
		"AQAAAAEAACcQAAAAEFUZ4J+bBCwS0nDWJRZ0tzJvV3nGNP7lX1sUw7hRjVhVvVHXN5fqFB4nLOJX6VqJ5Q==",
		"ANVQ5M1UuUo5hZBCwS0nDWJRZ0tzJvV3nGNP7lX1sUw7hRjVhVvVHXN5fqFB4nLOJQ==",
		"X03MO1qnZdYdgyfeuILPmQ==", "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
		"*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "*2470c0c06dee42fd1618bb99005adca2ec9d1e19",
		"md55f4dcc3b5aa765d61d8327deb882cf99", "0x0100A607BA7C54A24D17B565C59F1743776A10250F581D482DA8",
		"$P$B12345678abcdefghijklmnopqrstu", "$H$9", "6f8c114b58f2ce9e",
		"SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy", "sha256:64000:18:c2FsdA:aGFzaGhhc2g", "PBKDF2$sha512$10000$c2FsdA$aGFzaA",
		"bcrypt:$2y$10$abcdefghijk", "Sha1$c2FsdA$1$abcdefghijkl",
	}
	for _, text := range hashes {
		if !password.LooksHashed(text) {
			t.Errorf("LooksHashed(%q) = false", text)
		}
	}
	plain := []string{
		"", "$", "$$", "$ecret$pa$$word", "pa$$word", "SpongePassword", "correct horse battery staple",
		"$a very long pass phrase with one dollar$ at each end", "deadbeef", "{curly} braces",
		"5f4dcc3b5aa765d61d8327deb882cf9", "Zf4dcc3b5aa765d61d8327deb882cf99",
		"Tr0ub4dor&3", "http://example.com:8080/secret", "user:password:with:colons", "one.two.three.four", "shark$bite$", "sha la la la la la la",
		"md5 is not a password", "8e2f1c3a-5b6d-4e7f-8a9b-0c1d2e3f4a5b", "K7#pQ2!vX9@mR4$wT6&zY8", "abcdefghijklmnopqrstuvwx", "x1y2z3a4b5c6d7e8f9g0h1i2",
		"!important note to self!", "* starred *", "{unclosed", "a b c d e f g h i j k l m n o p",
	}
	for _, text := range plain {
		if password.LooksHashed(text) {
			t.Errorf("LooksHashed(%q) = true", text)
		}
	}
}
