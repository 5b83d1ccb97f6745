package linear

import "math/rand/v2"

// authorize opens a session that waits for its code, where the history has room for one.
func (s *Run) authorize(client int, at CodeService) error {
	if !s.takePlace() {
		return nil
	}
	c := s.Begin(client, Input{Op: Authorize})
	verdict, code, err := at.Authorize()
	if err != nil || verdict == Unknown { // whatever was opened, nobody has its code
		return err
	}
	if verdict == No {
		c.End(refused)
		return nil
	}
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	c.Opened(len(s.sessions))
	s.sessions = append(s.sessions, &sessionTokens{code: code, refresh: map[int]string{}})
	return nil
}

// redeemAny redeems the code of any session that has one, whether or not it was redeemed.
func (s *Run) redeemAny(client int, at CodeService, other bool, random *rand.Rand) error {
	s.tokensMu.Lock()
	var withCode []int
	for n, v := range s.sessions {
		if v.code != "" {
			withCode = append(withCode, n)
		}
	}
	s.tokensMu.Unlock()
	if len(withCode) == 0 {
		return s.authorize(client, at)
	}
	return s.redeem(client, at, withCode[random.IntN(len(withCode))], other)
}

// redeem presents the code of a session.
func (s *Run) redeem(client int, at CodeService, session int, other bool) error {
	s.tokensMu.Lock()
	code := s.sessions[session].code
	s.tokensMu.Unlock()
	in := Input{Op: RedeemCode, Session: session}
	if other {
		in.Op = RedeemCodeByOther
	}
	c := s.Begin(client, in)
	var out Output
	var tokens Tokens
	var err error
	if out.Verdict, tokens, err = at.Redeem(code, other); err == nil && out.Verdict == Yes {
		out.Generation, err = s.recordTokens(session, tokens)
	}
	c.End(out)
	return err
}

// redeemRest tells whether the session has tokens, for which it redeems a code that nobody
// has had an answer for.
func (s *Run) redeemRest(client int, at Service, session int) (has bool, err error) {
	count := func() int {
		s.tokensMu.Lock()
		defer s.tokensMu.Unlock()
		return len(s.sessions[session].refresh)
	}
	if count() == 0 {
		err = s.redeem(client, at.(CodeService), session, false)
	}
	return count() > 0, err
}
