package linear

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
)

// Tokens are the tokens of one response.
type Tokens struct{ Access, Refresh string }

// Service is one instance of the issuer under test, as the client of one user calls it. An
// error is a response that no client should ever get.
type Service interface {
	Login(password string) (Verdict, Tokens, error)
	// Refresh presents the token as the client that it belongs to, or as
	// another one.
	Refresh(token string, other bool) (Verdict, Tokens, error)
	Introspect(token string) (Verdict, error)
	Revoke(token string) (Verdict, error)
	// Change is EndSessions, SetPassword, Disable or Enable.
	Change(op Op, password string) (Verdict, error)
}

// CodeService is a Service that issues authorization codes, as [CodeWorkloads] need it.
type CodeService interface {
	Service
	// Authorize issues an authorization code to the user, who is signed in.
	Authorize() (Verdict, string, error)
	// Redeem presents the code as the client that it belongs to, or as another one.
	Redeem(code string, other bool) (Verdict, Tokens, error)
}

// Password is the text of a password of Input.
func Password(n int) string { return fmt.Sprintf("password number %d", n) }

// Workload is the mix of actions of a run: a weight for each.
type Workload map[action]int

type action int

const (
	refreshNewest action = iota
	refreshPredecessor
	refreshOlder
	refreshElsewhere
	introspectRefresh
	introspectAccess
	revoke
	login
	authorize
	redeemCode
	redeemElsewhere
	setPassword
	endSessions
	disable
	enable
)

// benign holds the actions of well-behaved clients, none of which ends a session.
var benign = Workload{
	refreshNewest: 40, refreshPredecessor: 20, refreshElsewhere: 3, introspectRefresh: 15, introspectAccess: 15, login: 4,
}

// codes holds the actions of clients that redeem each code more than once now and then.
var codes = benign.plus(Workload{authorize: 25, redeemCode: 60, redeemElsewhere: 5})

// CodeWorkloads are clients with codes, and actions that end their sessions.
var CodeWorkloads = []Workload{codes, codes.plus(Workload{revoke: 4, disable: 3, enable: 6, endSessions: 2})}

// Workloads are benign clients, and actions that end sessions.
var Workloads = []Workload{
	benign,
	benign.plus(Workload{refreshOlder: 6}),
	benign.plus(Workload{revoke: 5}),
	benign.plus(Workload{disable: 5, enable: 8, login: 15}),
	benign.plus(Workload{setPassword: 5, endSessions: 3, login: 15}),
	benign.plus(Workload{refreshOlder: 2, revoke: 2, disable: 2, enable: 4, setPassword: 2, endSessions: 2, login: 10}),
}

func (t Workload) plus(more Workload) Workload {
	sum := Workload{}
	for _, part := range []Workload{t, more} {
		for d, weight := range part {
			sum[d] += weight
		}
	}
	return sum
}

// pick chooses an action by weight. It goes through them in order, so that the
// same random numbers give the same actions.
func (t Workload) pick(random *rand.Rand) action {
	var sum int
	for d := range enable + 1 {
		sum += t[d]
	}
	n := random.IntN(sum)
	for d := range enable {
		if n -= t[d]; n < 0 {
			return d
		}
	}
	return enable
}

// Run is one user, their clients, and what these were answered.
type Run struct {
	History
	workload Workload

	tokensMu sync.Mutex
	sessions []*sessionTokens
	logins   int // begun
	password int // the newest that was asked for
}

// sessionTokens is a session as its clients know it.
type sessionTokens struct {
	code    string         // "" for a session without one
	handle  string         // "" until the code was redeemed
	access  string         // the newest
	refresh map[int]string // by generation
	newest  int
}

// NewRun begins with a user who is enabled and has password 0.
func NewRun(workload Workload) *Run { return &Run{workload: workload} }

// Execute runs several clients at once, each doing some actions at any instance.
func (s *Run) Execute(clients, actions int, at []Service) error {
	var running sync.WaitGroup
	errs := make([]error, clients)
	for c := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
			for n := 0; n < actions && errs[c] == nil; n++ {
				errs[c] = s.step(c, at[random.IntN(len(at))], random)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// step lets a client do one thing at an instance.
func (s *Run) step(client int, at Service, random *rand.Rand) error {
	switch d := s.workload.pick(random); d {
	case login:
		return s.Login(client, at)
	case authorize:
		return s.authorize(client, at.(CodeService))
	case redeemCode, redeemElsewhere:
		return s.redeemAny(client, at.(CodeService), d == redeemElsewhere, random)
	case setPassword:
		return s.changePassword(client, at)
	case endSessions:
		return s.change(client, at, Input{Op: EndSessions})
	case disable:
		return s.change(client, at, Input{Op: Disable})
	case enable:
		return s.change(client, at, Input{Op: Enable})
	default:
		in, token := s.chooseToken(d, random)
		if token == "" {
			return s.Login(client, at)
		}
		return s.present(client, at, in, token)
	}
}

// chooseToken picks a session and one of its tokens.
func (s *Run) chooseToken(d action, random *rand.Rand) (in Input, token string) {
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	if len(s.sessions) == 0 {
		return in, ""
	}
	in.Session = random.IntN(len(s.sessions))
	v := s.sessions[in.Session]
	in.Generation = v.newest
	switch d {
	case refreshPredecessor:
		in.Generation = max(0, v.newest-1)
	case refreshOlder:
		in.Generation = random.IntN(max(1, v.newest-1))
	case introspectRefresh:
		in.Generation = max(0, v.newest-random.IntN(2))
	}
	in.Op = map[action]Op{refreshElsewhere: RefreshByOther, introspectRefresh: IntrospectRefresh, introspectAccess: IntrospectAccess, revoke: Revoke}[d]
	if in.Op == Login { // the zero value: one of the refreshes
		in.Op = Refresh
	}
	token = v.refresh[in.Generation]
	if d == introspectAccess || d == revoke && random.IntN(2) == 0 {
		token = v.access
	}
	return in, token
}

// present presents a token.
func (s *Run) present(client int, at Service, in Input, token string) error {
	c := s.Begin(client, in)
	var out Output
	var err error
	switch in.Op {
	case Refresh:
		var tokens Tokens
		if out.Verdict, tokens, err = at.Refresh(token, false); err == nil && out.Verdict == Yes {
			out.Generation, err = s.recordTokens(in.Session, tokens)
		}
	case RefreshByOther:
		out.Verdict, _, err = at.Refresh(token, true)
	case Revoke:
		out.Verdict, err = at.Revoke(token)
	default:
		out.Verdict, err = at.Introspect(token)
	}
	c.End(out)
	return err
}

// takePlace tells whether the history has room for one more session, and takes it.
func (s *Run) takePlace() bool {
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	if s.logins == MaxSessions {
		return false
	}
	s.logins++
	return true
}

// Login opens a session, where the history has room for one.
func (s *Run) Login(client int, at Service) error {
	if !s.takePlace() {
		return nil
	}
	s.tokensMu.Lock()
	password := s.password
	s.tokensMu.Unlock()
	c := s.Begin(client, Input{Op: Login, Password: password})
	verdict, tokens, err := at.Login(Password(password))
	if err != nil || verdict == Unknown { // whatever was opened, nobody has a token of it
		return err
	}
	if verdict == No {
		c.End(refused)
		return nil
	}
	generation, handle, err := Parse(tokens.Refresh)
	if err == nil && generation != 0 {
		err = fmt.Errorf("a login gave a refresh token of generation %d", generation)
	}
	if err != nil {
		return err
	}
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	c.Opened(len(s.sessions))
	s.sessions = append(s.sessions, &sessionTokens{handle: handle, access: tokens.Access, refresh: map[int]string{0: tokens.Refresh}})
	return nil
}

func (s *Run) changePassword(client int, at Service) error {
	s.tokensMu.Lock()
	s.password++
	in := Input{Op: SetPassword, Password: s.password}
	s.tokensMu.Unlock()
	return s.change(client, at, in)
}

func (s *Run) change(client int, at Service, in Input) error {
	c := s.Begin(client, in)
	verdict, err := at.Change(in.Op, Password(in.Password))
	c.End(Output{Verdict: verdict})
	return err
}

// Waited notes that the clock was moved beyond every window while nobody asked
// for anything.
func (s *Run) Waited(client int) { s.Begin(client, Input{Op: Wait}).End(done) }

// Finish introspects and refreshes every session at the end of a run, after it has redeemed
// the codes of those that have no tokens yet.
func (s *Run) Finish(client int, at Service) error {
	s.tokensMu.Lock()
	sessions := len(s.sessions)
	s.tokensMu.Unlock()
	for n := range sessions {
		if has, err := s.redeemRest(client, at, n); err != nil || !has {
			if err != nil {
				return err
			}
			continue
		}
		for _, op := range []Op{IntrospectAccess, IntrospectRefresh, Refresh, IntrospectRefresh} {
			s.tokensMu.Lock()
			v := s.sessions[n]
			in, token := Input{Op: op, Session: n, Generation: v.newest}, v.refresh[v.newest]
			if op == IntrospectAccess {
				token = v.access
			}
			s.tokensMu.Unlock()
			if err := s.present(client, at, in, token); err != nil {
				return err
			}
		}
	}
	return nil
}

// errOtherBytes means that one generation of a session has two refresh tokens.
var errOtherBytes = errors.New("a retried refresh gave other bytes")

// recordTokens records the tokens of an answer, and returns their generation.
func (s *Run) recordTokens(session int, t Tokens) (int, error) {
	generation, handle, err := Parse(t.Refresh)
	if err != nil {
		return 0, err
	}
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	v := s.sessions[session]
	if v.handle == "" && v.code != "" {
		v.handle = handle
	}
	if handle != v.handle {
		return 0, errors.New("a refresh gave another session's token")
	}
	if before, known := v.refresh[generation]; known && before != t.Refresh {
		return 0, errOtherBytes
	}
	v.refresh[generation], v.access = t.Refresh, t.Access
	v.newest = max(v.newest, generation)
	return generation, nil
}

// Parse reads the public part of a refresh token (design of package issuer):
// version, handle, generation, MAC.
func Parse(token string) (generation int, handle string, err error) {
	body, ok := strings.CutPrefix(token, "sgr_")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if !ok || err != nil || len(raw) != 1+16+4+32 {
		return 0, "", fmt.Errorf("a refresh token of %d bytes: %w", len(raw), errors.Join(err))
	}
	return int(binary.BigEndian.Uint32(raw[17:])), string(raw[1:17]), nil
}
