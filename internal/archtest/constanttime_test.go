package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// expectedConstantTime lists where secrets are compared, and with which
// constant-time function.
var expectedConstantTime = []string{
	"issuer/audit/chain.go fits: hmac.Equal",                                     // the MAC of an event, and of the anchor
	"issuer/admin/bootstrap.go checkBootstrapSecret: subtle.ConstantTimeCompare", // digests of the bootstrap secret
	"issuer/authorization/pkce.go VerifyPKCE: subtle.ConstantTimeCompare",        // a code verifier's hash and the challenge
	"issuer/clientsecret.go has: hmac.Equal",                                     // the tag of a client secret
	"issuer/clientsecret.go checkSecret: subtle.ConstantTimeCompare",             // the hash of a client secret
	"issuer/password/argon2id.go matches: subtle.ConstantTimeCompare",            // password hashes
	"issuer/password/bcrypt.go matches: bcrypt.CompareHashAndPassword",
	"issuer/password/pbkdf2.go matches: subtle.ConstantTimeCompare",
	"issuer/password/scrypt.go matches: subtle.ConstantTimeCompare",
	"issuer/code_decision.go decideReplay: subtle.ConstantTimeCompare",     // what a session keeps of its code's challenge
	"issuer/mailtoken/code.go CheckCode: subtle.ConstantTimeCompare",       // the code of a mail
	"issuer/mailtoken/code.go CheckMark: subtle.ConstantTimeCompare",       // the cookie of who has asked for it
	"issuer/recovery/recovery.go Take: subtle.ConstantTimeCompare",         // hashes of recovery codes
	"issuer/totp/totp.go Check: subtle.ConstantTimeCompare",                // the codes of an authenticator app
	"issuer/upstream/oidc.go verify: subtle.ConstantTimeCompare",           // the nonce of an ID token
	"issuer/signin_upstream.go FinishUpstream: subtle.ConstantTimeCompare", // the mark of the secret in an attempt's cookie
	"issuer/handle.go genuine: hmac.Equal",                                 // the MAC of a refresh token or an authorization code
}

// allowedPlain lists plain comparisons of names that look like secrets, each
// with the reason why its time may depend on the operands.
var allowedPlain = map[string]string{
	"endpoints/account.go isEnded: e.Code == issuer.InvalidToken":                                                               "the name of an error",
	"endpoints/account_forms.go changePassword: again != pw":                                                                    "two fields of one form",
	"endpoints/account_forms.go changePassword: old == pw":                                                                      "two fields of one form",
	"endpoints/accountmail.go setPassword: again != pw":                                                                         "two fields of one form",
	"issuer/accountmail/notice.go Changing: after.PasswordHash != before.PasswordHash":                                          "two stored hashes, before and after a change",
	"endpoints/discovery.go metadata: g == issuer.GrantPassword":                                                                "the name of a grant",
	"endpoints/errors.go challenge: f.code != string(issuer.InvalidToken)":                                                      "the name of an error",
	"endpoints/token.go timeout: grant == issuer.GrantPassword":                                                                 "the name of a grant",
	"issuer/code_decision.go redirectURIFits: hashRedirectURI(p.redirectURI) == s.Code.RedirectHash":                            "a redirect URI, which is no secret",
	"issuer/audit/verify.go expect: before.hash != x.hash":                                                                      "hashes of events; the MAC proves them",
	"issuer/audit/verify.go expect: before.hash == x.hash":                                                                      "hashes of events; the MAC proves them",
	"issuer/audit/verify.go proven: x.hash != h":                                                                                "hashes of events; the MAC proves them",
	"issuer/admin/auditdiff.go clientChanges: a.SecretHash != b.SecretHash":                                                     "two stored hashes, before and after a change",
	"issuer/admin/clientlogo.go storeLogo: bytes.Equal(before.Data, logo.Data)":                                                 "pictures that anybody may see",
	"issuer/admin/auditdiff.go userChanges: a.PasswordHash != b.PasswordHash":                                                   "two stored hashes, before and after a change",
	"issuer/activetoken.go verifyAccessToken: header.Typ != typeAccessToken":                                                    "the name of a type",
	"issuer/browsersession_list.go EndSession: browserSessionHandle(b.ID) == handle":                                            "a public name",
	"issuer/idtokenhint.go verify: header.Typ != typeIDToken":                                                                   "the name of a type",
	"issuer/signin_login.go complete: p.step.Kind != authorization.StepChangePassword":                                          "the name of a step",
	"issuer/signin_password.go ChangePassword: p.step.Kind != authorization.StepChangePassword":                                 "the name of a step",
	"issuer/password/prepare.go candidates: prepared != pw":                                                                     "two forms of what was typed: neither is the stored secret",
	`issuer/userfile/input.go skipBOM: bytes.Equal(ahead, []byte("\ufeff"))`:                                                    "the form of a file",
	"issuer/consent.go covers: record.Shown == shownHash(a)":                                                                    "a hash of what the page shows, both from the store",
	"issuer/logout.go stamped: stamp.Request == c.params.hash()":                                                                "a hash of the URL, inside an authenticated stamp",
	"issuer/logout.go stamped: stamp.Browser == authorization.BrowserMark(c.user.Session.RootID)":                               "inside an authenticated stamp: nobody can try values",
	"issuer/authorization/stamp.go Proves: s.Browser != BrowserMark(browserID)":                                                 "inside an authenticated stamp: nobody can try values",
	"issuer/authorization/stamp.go Proves: s.Request != r.Hash()":                                                               "a hash of the URL, inside an authenticated stamp",
	"issuer/factor/reseal.go resealOne: sealed == f.TOTP.Sealed":                                                                "two sealed texts, before and after",
	"issuer/authorization/attempt.go Valid: c.Request == r.Hash()":                                                              "a hash of the URL, inside an authenticated account",
	"issuer/signin_claim.go addAccount: authorization.BrowserMark(v.signedIn.Session.ID) != a.Link":                             "inside an authenticated attempt: nobody can try values",
	"issuer/admin/connector.go connectorChanges: a.SealedSecret != b.SealedSecret":                                              "two sealed texts, before and after a change",
	"issuer/authorization/pending.go Valid: p.Request == r.Hash()":                                                              "a hash of the URL, inside an authenticated login",
	"issuer/signin_factor.go pendingUser: authorization.BrowserMark(v.signedIn.Session.ID) != p.Browser":                        "inside an authenticated login: nobody can try values",
	"issuer/authorization/stamp.go Foreign: s.Request != r.Hash()":                                                              "a hash of the URL, inside an authenticated stamp",
	"issuer/authorization/stamp.go Stale: s.Request == r.Hash()":                                                                "a hash of the URL, inside an authenticated stamp",
	"issuer/signin_plan.go judgeRights: p.stamp.Shown != p.asked.mark()":                                                        "what the page shows, inside an authenticated stamp",
	"issuer/signin_consent.go Consent: v.stamp.Shown != p.asked.mark()":                                                         "what the page shows, inside an authenticated stamp",
	`endpoints/account_forms.go endOneBrowser: fields["session"] == issuer.BrowserSessionHandle(v.principal.Browser().Session)`: "a public name",
	"keys/keypair.go samePublic: bytes.Equal(x, y)":                                                                             "public keys",
	"keys/snapshot.go sameKey: bytes.Equal(a.Sealed, b.Sealed)":                                                                 "two records of the store",
	"keys/snapshot.go sameKey: bytes.Equal(associatedData(a), associatedData(b))":                                               "two records of the store",
	"keys/keywrap.go IsCurrent: bytes.Equal(sealed[1:headerSize], k.id())":                                                      "the id of a master key, which stands beside what it sealed",
}

// TestSecretComparisons_AreConstantTime lists every comparison of a secret (P09). A
// new one fails it until it has been reviewed and added above.
func TestSecretComparisons_AreConstantTime(t *testing.T) {
	var constantTime, plain []string
	for _, pkg := range []string{"issuer", "keys", "endpoints"} {
		a, b := comparisons(t, parsePackage(t, pkg))
		constantTime, plain = append(constantTime, a...), append(plain, b...)
	}
	slices.Sort(constantTime)
	for _, location := range constantTime {
		if !slices.Contains(expectedConstantTime, location) {
			t.Errorf("%s is new", location)
		}
	}
	for _, location := range expectedConstantTime {
		if !slices.Contains(constantTime, location) {
			t.Errorf("%s is gone", location)
		}
	}
	for _, location := range plain {
		if allowedPlain[location] == "" {
			t.Errorf("%s: is it a secret?", location)
		}
	}
	for location := range allowedPlain {
		if !slices.Contains(plain, location) {
			t.Errorf("%s is gone", location)
		}
	}
}

// TestSecretComparisons_PlainOnesAreFound checks the detection itself.
func TestSecretComparisons_PlainOnesAreFound(t *testing.T) {
	for text, want := range map[string]int{
		"got == c.SecretHash":                       1,
		"string(r.password) != want":                1,
		"bytes.Equal(a, b)":                         1,
		"slices.Equal(a, tag[:])":                   1,
		"strings.EqualFold(token, other)":           1,
		"s == other":                                1, // a parameter of the type Secret
		"f(func() bool { return w.own == other })":  1, // a field of the type Secret
		"got == r.Hash()":                           1, // the result of a method
		"got != BrowserMark(id)":                    1, // the result of a function
		"in.Cookie == value":                        1,
		"map[string]bool{got: true}[string(pw)]":    0, // looked up, which hashing hides
		`c.SecretHash == ""`:                        0,
		"tag == nil || len(token) != size || a > 1": 0,
		"a == b":             0,
		"hmac.Equal(a, tag)": 0,
	} {
		source := "package p\ntype w struct { own Secret }\nfunc f(s Secret, a, b []byte) bool { return " + text + " }\n"
		file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, plain := comparisons(t, map[string]*ast.File{"p.go": file}); len(plain) != want {
			t.Errorf("%s: found %q", text, plain)
		}
	}
}

func parsePackage(t *testing.T, pkg string) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	err := filepath.WalkDir(pkg, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "testdata" || d.Name() == "protocoltest") {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files[filepath.ToSlash(path)], err = parser.ParseFile(token.NewFileSet(), path, nil, 0)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of %s, %v", len(files), pkg, err)
	}
	return files
}

var (
	constantTimeFuncs = []string{"hmac.Equal", "subtle.ConstantTimeCompare", "bcrypt.CompareHashAndPassword"}
	plainFuncs        = []string{"slices.Equal", "slices.Compare", "strings.EqualFold", "strings.Compare", "bytes.Compare", "reflect.DeepEqual"}
	secretName        = regexp.MustCompile(`(?i)(secret|password|^pw|hash|mac|^tag|token|handle|csrf|verifier|signature|sealed|cookie|stamp|mark|challenge|nonce|authcode|codecheck)$`)
	secretTypes       = []string{"Secret", "issuer.Secret", "secret.Text", "MasterKey", "keys.MasterKey", "handle"}
)

// comparisons returns those made in constant time, and the others that are of
// bytes or of what has the name or the type of a secret.
func comparisons(t *testing.T, files map[string]*ast.File) (constantTime, plain []string) {
	t.Helper()
	secret := secretNames(files)
	for path, file := range files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			own := namesOf(f.Type.Params)
			isSecret := func(e ast.Expr) bool {
				name := lastName(e)
				return secretName.MatchString(calledName(e)) || name != "" && (secretName.MatchString(name) || secret[name] || slices.Contains(own, name))
			}
			ast.Inspect(f, func(n ast.Node) bool {
				location := path + " " + f.Name.Name + ": "
				switch n := n.(type) {
				case *ast.CallExpr:
					switch name := types.ExprString(n.Fun); {
					case slices.Contains(constantTimeFuncs, name):
						constantTime = append(constantTime, location+name)
					case name == "bytes.Equal", slices.Contains(plainFuncs, name) && slices.ContainsFunc(n.Args, isSecret):
						plain = append(plain, location+types.ExprString(n))
					}
				case *ast.BinaryExpr:
					if (n.Op == token.EQL || n.Op == token.NEQ) && (isSecret(n.X) || isSecret(n.Y)) && !isLiteral(n.X) && !isLiteral(n.Y) {
						plain = append(plain, location+types.ExprString(n))
					}
				}
				return true
			})
		}
	}
	return constantTime, plain
}

// secretNames are the fields whose type is that of a secret.
func secretNames(files map[string]*ast.File) map[string]bool {
	names := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.StructType); ok {
				for _, name := range namesOf(s.Fields) {
					names[name] = true
				}
			}
			return true
		})
	}
	return names
}

func namesOf(fields *ast.FieldList) (names []string) {
	for _, f := range fields.List {
		if slices.Contains(secretTypes, types.ExprString(f.Type)) {
			for _, name := range f.Names {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// lastName is the name of what is compared, through conversions and slices.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.SliceExpr:
		return lastName(e.X)
	case *ast.ParenExpr:
		return lastName(e.X)
	case *ast.ArrayType:
		return ""
	case *ast.CallExpr:
		if fun := lastName(e.Fun); fun == "len" || fun == "cap" {
			return ""
		}
		if len(e.Args) == 1 {
			return lastName(e.Args[0])
		}
	}
	return ""
}

// calledName is the name of the function or method whose result is compared; "" for none.
func calledName(e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok {
		return lastName(call.Fun)
	}
	return ""
}

// isLiteral tells whether e is a literal of the source, so no secret.
func isLiteral(e ast.Expr) bool {
	_, literal := e.(*ast.BasicLit)
	return literal || types.ExprString(e) == "nil"
}
