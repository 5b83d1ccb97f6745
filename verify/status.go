package verify

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// StatusPolicy says how the issuer's status lists are used
// (draft-ietf-oauth-status-list): signed lists of bits that say which sessions
// have ended.
type StatusPolicy int

const (
	// StatusIgnored does not read them: a token counts until it expires. It is the
	// default, as it needs no network.
	StatusIgnored StatusPolicy = iota
	// StatusFailOpen refuses a token whose bit is set, and accepts one whose list
	// cannot be had or is older than Config.StatusMaxAge, as StatusIgnored would.
	StatusFailOpen
	// StatusFailClosed refuses such a token with [ErrStatusUnavailable]: outcome unknown.
	// Unless StatusMaxAge says otherwise, no list counts beyond its own time to live.
	StatusFailClosed
)

// ErrRevoked: the issuer's status list says that the token's session has ended,
// or that its rights have shrunk. It is an [ErrInvalidToken].
var ErrRevoked = invalid("revoked")

// ErrStatusUnavailable means outcome unknown: the token is valid, but whether it was
// revoked is unknown. It is never an [ErrInvalidToken], and occurs with
// [StatusFailClosed] only. See [StatusError].
var ErrStatusUnavailable = errors.New("status list unavailable")

// StatusError says why a status list could not be fetched. It is an
// [ErrStatusUnavailable].
type StatusError struct {
	URI string // of the list
	Err error
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%v: %s: %v", ErrStatusUnavailable, e.URI, e.Err)
}

// Unwrap returns [ErrStatusUnavailable] and the cause.
func (e *StatusError) Unwrap() []error { return []error{ErrStatusUnavailable, e.Err} }

var _ error = (*StatusError)(nil)

const (
	maxStatusLists    = 4096    // lists remembered; an issuer has a few hundred
	maxListBytes      = 4 << 20 // of a list, unpacked
	maxListTokenBytes = 8 << 20 // of a list as it is sent
	defaultMaxAge     = time.Hour
)

// statusRef is a token's index in a list.
type statusRef struct {
	uri   string
	index int64
}

// statusChecker holds the lists of one issuer. A list within its time to live is read
// without a lock and without the network; from half of that time on it is fetched again
// in the background.
type statusChecker struct {
	policy   StatusPolicy
	maxAge   time.Duration // 0: the list's own time to live
	origin   string        // scheme and host of the issuer: lists come from there alone
	base     string        // where lists are fetched instead of from the issuer; "" for nowhere else
	issuer   string
	leeway   time.Duration
	interval time.Duration
	client   *http.Client
	now      func() time.Time
	verify   func(ctx context.Context, token, typ string, limit int) ([]byte, error)
	onError  func(error)
	observe  func(Event) // may be nil

	mu    sync.Mutex
	lists map[string]*statusList
}

// statusList is one list and the running fetch for it.
type statusList struct {
	uri     string // as tokens and the list itself have it
	address string // where it is fetched
	current atomic.Pointer[statusBits]

	mu       sync.Mutex
	inflight *inflightFetch
	nextAt   time.Time // no fetch before
	err      error     // of the last fetch
}

// statusBits is one version of a list.
type statusBits struct {
	bits     []byte
	width    int64 // bits of one status
	issuedAt time.Time
	ttl      time.Duration
	etag     string
}

func newStatusChecker(cfg Config) *statusChecker {
	u, err := url.Parse(cfg.Issuer)
	if err != nil || cfg.Status == StatusIgnored {
		return nil
	}
	return &statusChecker{
		policy: cfg.Status, maxAge: cfg.StatusMaxAge, origin: u.Scheme + "://" + u.Host, base: cfg.StatusBaseURL, issuer: cfg.Issuer, leeway: cfg.Leeway,
		interval: cfg.MinRefetchInterval, client: newClient(cfg.HTTPClient), now: cfg.Now, onError: cfg.OnStatusError,
		observe: cfg.Observe,
		lists:   map[string]*statusList{},
	}
}

// check refuses a token whose status is not 0, valid (§7.1).
func (s *statusChecker) check(ctx context.Context, ref *statusRef) error {
	if s == nil || ref == nil {
		return nil
	}
	b, err := s.find(ctx, ref.uri)
	if err == nil {
		var status byte
		if status, err = b.status(ref.index); err == nil && status != 0 {
			return ErrRevoked
		}
	}
	if err == nil {
		return nil
	}
	problem := &StatusError{URI: ref.uri, Err: err}
	if s.onError != nil {
		s.onError(problem)
	}
	if s.policy == StatusFailOpen {
		return nil
	}
	return problem
}

func (b *statusBits) status(index int64) (byte, error) {
	perByte := 8 / b.width
	if index/perByte >= int64(len(b.bits)) {
		return 0, errors.New("the list has no such index")
	}
	return b.bits[index/perByte] >> (index % perByte * b.width) & (1<<b.width - 1), nil
}

// find returns the list. It waits for a fetch only where the cached one is older than its
// time to live.
func (s *statusChecker) find(ctx context.Context, uri string) (*statusBits, error) {
	l, err := s.listFor(uri)
	if err != nil {
		return nil, err
	}
	now := s.now()
	b := l.current.Load()
	if b != nil && now.Before(b.issuedAt.Add(b.ttl/2)) {
		return b, nil
	}
	f := s.refresh(l, now)
	if b != nil && now.Before(b.issuedAt.Add(b.ttl)) {
		return b, nil
	}
	if f != nil {
		_ = f.wait(ctx) // the list that is cached then decides
	}
	b = l.current.Load()
	if b != nil && s.now().Before(b.issuedAt.Add(max(s.maxAge, b.lifetime(s.leeway)))) {
		return b, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	return nil, errors.New("the newest list is too old")
}

// lifetime returns how long after its iat a list counts as current: its time to live, a
// second because iat has whole ones, and up to half of its time for clocks that differ.
func (b *statusBits) lifetime(leeway time.Duration) time.Duration {
	return b.ttl + time.Second + min(leeway, b.ttl/2)
}

// listFor returns the list with this URI, which must be on the issuer's own host, so that
// a token cannot make this server fetch any other address.
func (s *statusChecker) listFor(uri string) (*statusList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lists[uri]; l != nil {
		return l, nil
	}
	if u, err := url.Parse(uri); err != nil || u.User != nil || u.Fragment != "" || u.Scheme+"://"+u.Host != s.origin {
		return nil, errors.New("the list is not on the issuer's host")
	}
	address := uri
	if s.base != "" {
		path, below := strings.CutPrefix(uri, strings.TrimSuffix(s.issuer, "/")+"/")
		if !below || strings.Contains(path, "..") {
			return nil, errors.New("the list is not below the issuer's address")
		}
		address = s.base + "/" + path
	}
	if len(s.lists) >= maxStatusLists {
		clear(s.lists)
	}
	l := &statusList{uri: uri, address: address}
	s.lists[uri] = l
	return l, nil
}

// refresh starts a fetch if one is due, and returns the running one.
func (s *statusChecker) refresh(l *statusList, now time.Time) *inflightFetch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inflight != nil || now.Before(l.nextAt) {
		return l.inflight
	}
	f := &inflightFetch{done: make(chan struct{})}
	l.inflight = f
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
		defer cancel()
		old, began := l.current.Load(), s.now()
		b, err := s.fetch(ctx, l)
		took := s.now().Sub(began)
		wait := s.interval
		if err == nil {
			wait = min(wait, b.ttl/2) // a list of a short life is needed again sooner
		}
		l.complete(f, b, err, s.now().Add(wait))
		if s.observe != nil {
			s.observe(fetchEvent(EventStatus, took, err == nil && b == old, err))
		}
	}()
	return f
}

// complete records the outcome of a fetch and wakes all callers that wait for it.
func (l *statusList) complete(f *inflightFetch, b *statusBits, err error, nextAt time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(f.done)
	l.inflight, l.err, l.nextAt = nil, err, nextAt
	if old := l.current.Load(); err == nil && (old == nil || !b.issuedAt.Before(old.issuedAt)) {
		l.current.Store(b) // never an older list from some cache
	}
}

func (s *statusChecker) fetch(ctx context.Context, l *statusList) (*statusBits, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/statuslist+jwt")
	old := l.current.Load()
	if old != nil && old.etag != "" {
		r.Header.Set("If-None-Match", old.etag)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b := old
	switch {
	case resp.StatusCode == http.StatusNotModified && old != nil:
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("GET %s answered %d", l.address, resp.StatusCode)
	default:
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxListTokenBytes+1))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", l.address, err)
		}
		if b, err = s.parseList(ctx, string(body), l.uri); err != nil {
			return nil, fmt.Errorf("GET %s answered %.100q: %w", l.address, resp.Header.Get("Content-Type"), err)
		}
		b.etag = resp.Header.Get("ETag")
	}
	if age := s.now().Sub(b.issuedAt); age >= b.lifetime(s.leeway) {
		return nil, fmt.Errorf("GET %s answered a list of %s ago, past its own time to live of %s: a cache on the way may be stuck", l.address, age.Round(time.Second), b.ttl)
	}
	return b, nil
}

// parseList checks a list's token (§8.3).
func (s *statusChecker) parseList(ctx context.Context, token, uri string) (*statusBits, error) {
	payload, err := s.verify(ctx, token, "statuslist+jwt", maxListTokenBytes)
	if errors.Is(err, ErrInvalidToken) { // the list, not the token that points to it
		return nil, fmt.Errorf("the list's own token: %v", err)
	}
	if err != nil {
		return nil, err
	}
	var c struct {
		Issuer     *string `json:"iss"`
		Subject    string  `json:"sub"`
		IssuedAt   int64   `json:"iat"`
		Expiry     *int64  `json:"exp"`
		TTL        *int64  `json:"ttl"`
		StatusList struct {
			Bits int64  `json:"bits"`
			List string `json:"lst"`
		} `json:"status_list"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, errors.New("the list's claims are missing or malformed")
	}
	now, issued, ttl := s.now(), time.Unix(c.IssuedAt, 0), defaultCacheTTL
	if c.TTL != nil {
		ttl = time.Duration(min(*c.TTL, int64(maxCacheDuration/time.Second))) * time.Second
	}
	switch {
	case c.Subject != uri:
		return nil, errors.New("the list's sub is not its URI")
	case c.Issuer != nil && *c.Issuer != s.issuer:
		return nil, errors.New("the list is another issuer's")
	case issued.After(now.Add(s.leeway)):
		return nil, errors.New("the list is from the future")
	case c.Expiry != nil && !now.Before(time.Unix(*c.Expiry, 0).Add(s.leeway)):
		return nil, errors.New("the list has expired")
	case ttl <= 0, c.StatusList.Bits != 1 && c.StatusList.Bits != 2 && c.StatusList.Bits != 4 && c.StatusList.Bits != 8:
		return nil, errors.New("the list's claims are missing or malformed")
	}
	bits, err := decompressList(c.StatusList.List)
	return &statusBits{bits: bits, width: c.StatusList.Bits, issuedAt: issued, ttl: ttl}, err
}

func decompressList(lst string) ([]byte, error) {
	packed, err := base64.RawURLEncoding.DecodeString(lst)
	if err != nil {
		return nil, errors.New("the list is not base64url")
	}
	r, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errors.New("the list is not compressed by zlib")
	}
	bits, err := io.ReadAll(io.LimitReader(r, maxListBytes+1))
	if err != nil || len(bits) > maxListBytes {
		return nil, errors.New("the list is damaged or too long")
	}
	return bits, nil
}

// setStatus reads the claim status. Members that are not understood are ignored.
func setStatus(into **statusRef, value string) string {
	var c struct {
		List *struct {
			Index *int64 `json:"idx"`
			URI   string `json:"uri"`
		} `json:"status_list"`
	}
	if json.Unmarshal([]byte(value), &c) != nil {
		return "not an object of the right form"
	}
	if c.List == nil {
		return ""
	}
	if c.List.Index == nil || *c.List.Index < 0 || strings.TrimSpace(c.List.URI) == "" {
		return "has no index or URI of a list"
	}
	*into = &statusRef{c.List.URI, *c.List.Index}
	return ""
}
