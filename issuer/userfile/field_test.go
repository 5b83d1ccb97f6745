package userfile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/signet/internal/secret"
	"example.org/signet/issuer/userfile"
)

func TestSpellings(t *testing.T) {
	alice := userfile.Record{Line: 1, Username: "alice"}
	with := func(change func(*userfile.Record)) userfile.Record {
		r := alice
		change(&r)
		return r
	}
	hashed := with(func(r *userfile.Record) { r.PasswordHash = sponge })
	plain := with(func(r *userfile.Record) { r.Password = "plain text " })
	full := with(func(r *userfile.Record) { r.FullName = "Alice Smith" })
	phone := with(func(r *userfile.Record) { r.Phone = "555 01" })
	roles := with(func(r *userfile.Record) { r.Roles = []string{"user", "admin"} })
	mail := with(func(r *userfile.Record) { r.Email = "a@b.c" })
	mailOnly := userfile.Record{Line: 1, Username: "a@b.c", Email: "a@b.c"}
	verified := mailOnly
	verified.EmailVerified = true
	cases := []struct {
		object string
		want   userfile.Record
	}{
		{`{"username":"alice"}`, alice},
		{`{"user_name":"Alice"}`, alice},
		{`{"userName":" alice "}`, alice},
		{`{"USERNAME":"ＡＬＩＣＥ"}`, alice},
		{`{"preferred_username":"alice"}`, alice},
		{`{"login":"alice"}`, alice},
		{`{"user_login":"alice"}`, alice},
		{`{"cognito:username":"alice"}`, alice},
		{`{"userPrincipalName":"alice","preferred_username":"other"}`, with(func(r *userfile.Record) { r.Username = "other" })},
		{`{"username":"alice","login":"other"}`, alice},
		{`{"key":"alice"}`, alice},
		{`{"username":"alice","key":"other"}`, alice},
		{`{"username":"alice","email":null,"full_name":"","phone":null,"roles":null,"disabled":null,"created_at":null,"password":null}`, alice},
		{`{"email":"A@B.C"}`, mailOnly},
		{`{"e_mail":"a@b.c"}`, mailOnly},
		{`{"E-Mail":"a@b.c","username":""}`, mailOnly},
		{`{"mail":"a@b.c","key":"k1"}`, mailOnly},
		{`{"email_address":"a@b.c","username":"alice"}`, mail},
		{`{"username":"alice","hashed_password":"` + sponge + `"}`, hashed},
		{`{"username":"alice","hashedPassword":" ` + sponge + `\n"}`, hashed},
		{`{"username":"alice","password_hash":"` + sponge + `"}`, hashed},
		{`{"username":"alice","hash":"` + sponge + `"}`, hashed},
		{`{"username":"alice","password":"` + sponge + `"}`, hashed},
		{`{"username":"alice","password":"b'` + sponge + `'"}`, hashed},
		{`{"username":"alice","hashed_password":"b\"` + sponge + `\""}`, hashed},
		{`{"username":"alice","password":"plain text "}`, plain},
		{`{"username":"alice","hashed_password":"","password":"plain text "}`, plain},
		{`{"username":"alice","fullName":"Alice Smith"}`, full},
		{`{"username":"alice","fullname":" Alice Smith "}`, full},
		{`{"username":"alice","displayName":"Alice Smith"}`, full},
		{`{"username":"alice","name":"Alice Smith"}`, full},
		{`{"username":"alice","first_name":"Alice","lastName":"Smith"}`, full},
		{`{"username":"alice","first_name":"A","full_name":"Alice Smith"}`, full},
		{`{"username":"alice","name":"other","full_name":"Alice Smith"}`, full},
		{`{"username":"alice","id":"019A7B3C-1111-4ABC-8DEF-0123456789AB"}`, with(func(r *userfile.Record) {
			r.ID, r.OldID = "019a7b3c-1111-4abc-8def-0123456789ab", "019A7B3C-1111-4ABC-8DEF-0123456789AB"
		})},
		{`{"username":"alice","id":7}`, with(func(r *userfile.Record) { r.OldID = "7" })},
		{`{"username":"alice","_id":{"$oid":"6080a7d2f1f2a0b1c2d3e4f5"}}`, with(func(r *userfile.Record) { r.OldID = "6080a7d2f1f2a0b1c2d3e4f5" })},
		{`{"username":"alice","_id":"x1","id":7,"uuid":"f47ac10b-58cc-4372-a567-0e02b2c3d479"}`, with(func(r *userfile.Record) {
			r.ID, r.OldID = "f47ac10b-58cc-4372-a567-0e02b2c3d479", "f47ac10b-58cc-4372-a567-0e02b2c3d479"
		})},
		{`{"username":"alice","_id":"x1","id":7}`, with(func(r *userfile.Record) { r.OldID = "7" })},
		{`{"email":"a@b.c","email_verified":true}`, verified}, {`{"email":"a@b.c","emailVerified":"true"}`, verified},
		{`{"email":"a@b.c","EmailConfirmed":1}`, verified},
		{`{"email":"a@b.c","email_verified":false}`, mailOnly}, {`{"email":"a@b.c","email_verified":null}`, mailOnly},
		{`{"username":"alice","email_verified":true}`, alice},
		{`{"username":"A@B.c"}`, mailOnly}, // an address that stands as the username alone
		{`{"username":"A@B.c","email":"a@b.C"}`, mailOnly},
		{`{"username":"alice","hashed_password":"{bcrypt}` + sponge + `"}`, with(func(r *userfile.Record) { r.PasswordHash = "{bcrypt}" + secret.Text(sponge) })},
		{`{"username":"alice","phone":1.5}`, with(func(r *userfile.Record) { r.Warnings = []string{"phone is not text: left out"} })},
		{`{"username":"alice","phone":"5\u001b5"}`, with(func(r *userfile.Record) { r.Warnings = []string{"phone holds a control character: left out"} })},
		{`{"username":"alice","created_at":"yesterday"}`, with(func(r *userfile.Record) {
			r.Warnings = []string{"created_at is not a time that is understood: left out"}
		})},
		{`{"username":"alice","phone":"555 01"}`, phone},
		{`{"username":"alice","phone_number":"555 01"}`, phone},
		{`{"username":"alice","phoneNumber":"555 01"}`, phone},
		{`{"username":"alice","role":"user admin"}`, roles},
		{`{"username":"alice","roles":["user","admin","user"]}`, roles},
		{`{"username":"alice","roles":"User, ADMIN"}`, roles},
		{`{"username":"alice","roles":"user;admin|user"}`, roles},
		{`{"username":"alice","roles":"[\"user\",\"admin\"]"}`, roles},
		{`{"username":"alice","roles":[]}`, alice},
	}
	for _, c := range cases {
		t.Run(c.object, func(t *testing.T) {
			if diff := cmp.Diff(c.want, readOne(t, c.object), revealed); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNameBesideAddress(t *testing.T) {
	got := readOne(t, `{"name":"Alice Smith","email":"a@b.c"}`)
	if got.Username != "a@b.c" || got.FullName != "Alice Smith" {
		t.Errorf("username %q, full name %q", got.Username, got.FullName)
	}
	_, bad, _ := readAll(t, `{"name":"alice"}`)
	if len(bad) != 1 || !strings.Contains(bad[0], "--map name=username") {
		t.Errorf("a full name alone: %q", bad)
	}
}

func TestRefusedValues(t *testing.T) {
	long := strings.Repeat("x", 1025)
	cases := []struct{ members, reason string }{
		{`"email":"not an address"`, "email holds a space"},
		{`"email":"nobody"`, "email is not an address of the form name@domain"},
		{`"username":"al ice"`, "username holds a space"},
		{`"username":"аlice"`, "username mixes letters of look-alike alphabets in one word"},
		{`"username":"019a7b3c-1111-7abc-8def-0123456789ab"`, "username looks like a user id"},
		{`"username":12345`, "username is not text"},
		{`"username":true`, "username is not text"},
		{`"username":["alice"]`, "username is not text"},
		{`"username":{"$ne":null}`, "username is not text"},
		{`"username":"ali\u0000ce"`, "username holds a NUL character"},
		{`"username":"ali\nce"`, "username holds a control character"},
		{`"username":"ali\ud800ce"`, "username holds a character that was lost in conversion"},
		{`"username":"` + long + `"`, "username is longer than 1024 bytes"},
		{`"id":7`, "there is neither a username nor an email"},
		{`"username":"  "`, "there is neither a username nor an email"},
		{`"username":"a","email":{"$gt":""}`, "email is not text"},
		{`"username":"a","full_name":"` + long + `"`, "full_name is longer than 1024 bytes"},
		{`"username":"a","full_name":"A\u001b[31m"`, "full_name holds a control character"},
		{`"username":"a","name":7`, "full_name is not text"},
		{`"username":"a","roles":{"admin":true}`, "roles is not a name or a list of names"},
		{`"username":"a","roles":[{"name":"admin"}]`, "roles is not a name or a list of names"},
		{`"username":"a","roles":["admin",null]`, "roles is not a name or a list of names"},
		{`"username":"a","roles":"[admin]"`, "roles is not a name or a list of names"},
		{`"username":"a","roles":7`, "roles is not a name or a list of names"},
		{`"username":"a","roles":["a b"]`, "role holds a character that is not allowed: lower-case letters, digits and _ . - only, beginning with a letter"},
		{`"username":"a","roles":[""]`, "role is empty"},
		{`"username":"a","roles":"` + long + `"`, "roles is longer than 1024 bytes"},
		{`"username":"a","roles":[` + strings.Repeat(`"user",`, 64) + `"user"]`, "there are more than 64 roles"},
		{`"username":"a","password":"short"`, "password is too short: at least 8 bytes"},
		{`"username":"a","password":"` + long + `"`, "password is longer than 1024 bytes"},
		{`"username":"a","password":"hunter2\u0000hunter2"`, "password holds a NUL character"},
		{`"username":"a","password":"hunter2\udc00hunter2"`, "password holds a character that was lost in conversion"},
		{`"username":"a","password":12345678`, "password is not text"},
		{`"username":"a","password":"hunter2hunter2","hash":"` + sponge + `"`, "there are both a password and a password hash"},
		{`"username":"a","hash":"hunter2hunter2"`, "password hash is not usable: it is neither argon2, bcrypt, PBKDF2 nor scrypt"},
		{`"username":"a","hash":{"$binary":{"base64":"aaaa","subType":"00"}}`, "hashed_password is not text"},
		{`"username":"a","password":"5f4dcc3b5aa765d61d8327deb882cf99"`, "password hash is not usable: its kind is not read: only argon2, bcrypt, PBKDF2 and scrypt are"},
		{`"username":"a","password":"pbkdf2_sha256$600000$c2FsdA$aGFzaA"`, "password hash is not usable: PBKDF2 key is not base64"},
		{`"username":"a","password":"$2x$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e"`, "password hash is not usable: bcrypt $2x$ comes from an implementation that ignored parts of passwords"},
		{`"username":"a","password":"b'$2x$12$Ml66gTN0j4sAOkoDJ1aKnOmP0ye1FBNNk1QzEt0/6LgemgOUj469e'"`, "password hash is not usable: bcrypt $2x$ comes from an implementation that ignored parts of passwords"},
		{`"username":"a","disabled":"perhaps"`, "disabled is not true or false"},
		{`"username":"a","disabled":2`, "disabled is not true or false"},
		{`"username":"a","is_active":[]`, "is_active is not true or false"},
		{`"username":"a","is_active":true,"disabled":true`, "disabled and is_active contradict each other"},
		{`"username":"a","email":"a@b.c","mail":"d@e.f"`, "email is given twice"},
	}
	for _, c := range cases {
		users, bad, _ := readAll(t, "{"+c.members+"}")
		if want := []string{"line 1: " + c.reason}; len(users) != 0 || !slices.Equal(bad, want) {
			t.Errorf("%.80s: %d users, refused %q; want %q", c.members, len(users), bad, want)
		}
	}
}

func TestCreatedAt(t *testing.T) {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	noon := day.Add(12 * time.Hour)
	cases := map[string]time.Time{
		`"2024-02-29T12:00:00Z"`:                    noon,
		`"2024-02-29T14:00:00.5+02:00"`:             noon.Add(500 * time.Millisecond),
		`"2024-02-29T12:00:00.000+0000"`:            noon,
		`"2024-02-29T12:00:00.123456"`:              noon.Add(123456 * time.Microsecond),
		`"2024-02-29 12:00:00.123456"`:              noon.Add(123456 * time.Microsecond),
		`"2024-02-29 12:00:00"`:                     noon,
		`"2024-02-29 14:00:00+02:00"`:               noon,
		`"2024-02-29 14:00:00.25+02"`:               noon.Add(250 * time.Millisecond),
		`"2024-02-29 12:00:00 UTC"`:                 noon,
		`"2024-02-29"`:                              day,
		`1709208000`:                                noon,
		`1709208000.25`:                             noon.Add(250 * time.Millisecond),
		`"1709208000"`:                              noon,
		`1709208000000`:                             noon,
		`{"$date":"2024-02-29T12:00:00Z"}`:          noon,
		`{"$date":1709208000000}`:                   noon,
		`{"$date":{"$numberLong":"1709208000000"}}`: noon,
		`{"$date":{"$numberLong":"86400000"}}`:      time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC),
		`0`:                                         {},
		`"20240229"`:                                day,
		`20240229`:                                  day,
		`"29.02.2024 12:00"`:                        noon,
		`"Thu, 29 Feb 2024 12:00:00 GMT"`:           noon,
		`"Thu Feb 29 2024 14:00:00 GMT+0200 (Eastern European Time)"`: noon,
		`"2024-02-29 12:00:00 +0000 UTC"`:                             noon,
		`"20240229120000Z"`:                                           noon,
		`"2024/02/29"`:                                                day,
		`"Feb 29, 2024"`:                                              day,
		`"29 February 2024"`:                                          day,
		`"0001-01-01T00:00:00Z"`:                                      {},
		`"0000-00-00 00:00:00"`:                                       {},
		`""`:                                                          {},
		`{"$numberLong":"1709208000"}`:                                noon,
	}
	for value, want := range cases {
		got := readOne(t, `{"username":"a","created_at":`+value+`}`).CreatedAt
		if !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s is %v, want %v", value, got, want)
		}
	}
	for _, value := range []string{
		`-1`, `1e300`, `"NaN"`, `"Inf"`, `"2024-02-30"`, `"2024-02-29 12:00:00 PST"`, `"1969-12-31T23:59:59Z"`,
		`"9999-12-31T23:59:59-02:00"`, `2024`, `"2024"`, `45292.5`, `"45292"`, `"03/04/2024"`, `{"$date":{}}`, `{"$date":"soon"}`, `{"a":1}`, `[]`, `{"$date":{"$numberLong":"x"}}`,
	} {
		if got := readOne(t, `{"username":"a","created_at":`+value+`}`); !got.CreatedAt.IsZero() || len(got.Warnings) != 1 {
			t.Errorf("%s is %v, warned %q; want it left out with a warning", value, got.CreatedAt, got.Warnings)
		}
	}
}

func TestDisabled(t *testing.T) {
	cases := map[string]*bool{
		`"x":0`:                           nil,
		`"disabled":true`:                 ptr(true),
		`"disabled":0`:                    ptr(false),
		`"isDisabled":"yes"`:              ptr(true),
		`"is_active":true`:                ptr(false),
		`"active":"f"`:                    ptr(true),
		`"enabled":"1"`:                   ptr(false),
		`"disabled":false,"is_active":1`:  ptr(false),
		`"disabled":"TRUE","isActive":""`: ptr(true),
	}
	for members, want := range cases {
		got := readOne(t, `{"username":"a",`+members+`}`).Disabled
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", members, diff)
		}
	}
}

// A flag never becomes a role, and is reported where no role says the same.
func TestPrivilegesAreIgnoredAndReported(t *testing.T) {
	cases := map[string][]string{
		`"is_admin":true`:                     {"is_admin"},
		`"isSuperuser":1`:                     {"isSuperuser"},
		`"is_staff":"t","admin":{}`:           {"is_staff", "admin"},
		`"is_admin":false`:                    nil,
		`"is_admin":true,"role":"admin"`:      nil,
		`"is_admin":true,"roles":[]`:          {"is_admin"},
		`"is_admin":null,"is_superuser":"no"`: nil,
	}
	for members, want := range cases {
		users, bad, ignored := readAll(t, `{"username":"a",`+members+`}`)
		if len(bad) != 0 || len(users) != 1 || slices.Contains(users[0].Roles, "super_admin") {
			t.Errorf("%s: users %v, refused %v", members, users, bad)
		}
		if !strings.Contains(members, `"role"`) && len(users[0].Roles) != 0 {
			t.Errorf("%s gave the roles %v", members, users[0].Roles)
		}
		if !slices.Equal(ignored, want) {
			t.Errorf("%s: ignored %v, want %v", members, ignored, want)
		}
	}
	_, _, ignored := readAll(t, "username,is_admin\na,0\nb,1\nc,1\n")
	if !slices.Equal(ignored, []string{"is_admin"}) {
		t.Errorf("ignored %v", ignored)
	}
}

func TestIgnoredNamesAreBoundedAndPrintable(t *testing.T) {
	var file strings.Builder
	fmt.Fprintf(&file, `{"username":"a","\u001b[31m":1,"":2,"%s":3}`+"\n", strings.Repeat("é", 500))
	for i := range 1000 {
		fmt.Fprintf(&file, `{"username":"a","x%d":1}`+"\n", i)
	}
	_, _, ignored := readAll(t, file.String())
	if len(ignored) != 100 {
		t.Errorf("%d names are kept, want 100", len(ignored))
	}
	if want := []string{"?[31m", strings.Repeat("é", 32), "x0"}; !slices.Equal(ignored[:3], want) {
		t.Errorf("ignored %q, want %q", ignored[:3], want)
	}
}

func TestCSVSeparators(t *testing.T) {
	for name, file := range map[string]string{
		"comma":     "username,full_name\nalice,\"Smith; Alice\"\n",
		"semicolon": "username;full_name\nalice;Smith; Alice\n",
		"tab":       "username\tfull_name\nalice\tSmith; Alice\n",
	} {
		users, bad, _ := readAll(t, file)
		if name == "semicolon" {
			if len(users) != 0 || len(bad) != 1 {
				t.Errorf("%s: %v, %v", name, users, bad)
			}
			continue
		}
		if len(users) != 1 || users[0].FullName != "Smith; Alice" {
			t.Errorf("%s: %v, %v", name, users, bad)
		}
	}
	if got := readOne(t, "username;email\r\nalice;a@b.c\r\n"); got.Email != "a@b.c" {
		t.Errorf("e-mail is %q", got.Email)
	}
	if got := readOne(t, "\"username\",\"email\"\r\n\"alice\",\"a@b.c\"\r\n\r\n"); got.Username != "alice" || got.Email != "a@b.c" {
		t.Errorf("username is %q, e-mail %q", got.Username, got.Email)
	}
	if got := readOne(t, "username,password\nalice,\"Fischers Fritz\r\"\r\n"); got.Password != "Fischers Fritz\r" {
		t.Errorf("the carriage return inside the quotes is lost: %q", got.Password.Reveal())
	}
	if got := readOne(t, "username\nalice"); got.Username != "alice" {
		t.Errorf("username is %q", got.Username)
	}
}

func TestSecretsHideThemselves(t *testing.T) {
	const marker = "fischers-fritz"
	user := readOne(t, `{"username":"a","password":"`+marker+`"}`)
	if user.Password.Reveal() != marker {
		t.Fatal("the password is lost")
	}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		shown = append(shown, fmt.Sprintf(verb, user), fmt.Sprintf(verb, user.Password), fmt.Sprintf(verb, &user))
	}
	object, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	text, err := user.Password.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, string(object), string(text), user.Password.LogValue().String(), fmt.Sprint(user.Password))
	for _, s := range shown {
		if strings.Contains(s, "hunter") || strings.Contains(s, fmt.Sprintf("%x", "hunter")) {
			t.Errorf("shown: %s", s)
		}
	}
	if got := fmt.Sprintf("%v|%#v", secret.Text(""), secret.Text("")); got != `|""` {
		t.Errorf("no secret is shown as %s", got)
	}
}
