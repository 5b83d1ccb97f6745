package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	fetchTimeout     = 5 * time.Second // for metadata and keys together
	maxResponseBytes = 1 << 20
	maxRedirects     = 3
	metadataMaxAge   = time.Hour // metadata is asked again when older than this
)

// httpFetcher fetches key sets over HTTP. The cache above it calls it from one goroutine
// at a time.
type httpFetcher struct {
	client     *http.Client
	issuer     string
	jwksURL    string // configured; empty: discovered
	allowHTTP  bool
	algorithms []string
	now        func() time.Time

	ttl, minTTL, maxTTL time.Duration

	discovered   string // jwks_uri, forgotten when it fails
	discoveredAt time.Time
}

func newHTTPFetcher(cfg Config) *httpFetcher {
	return &httpFetcher{
		client:     newClient(cfg.HTTPClient),
		issuer:     cfg.Issuer,
		jwksURL:    cfg.JWKSURL,
		allowHTTP:  cfg.InsecureAllowHTTP,
		algorithms: cfg.Algorithms,
		now:        cfg.Now,
		ttl:        cfg.CacheTTL,
		minTTL:     cfg.MinRefetchInterval,
		maxTTL:     cfg.MaxCacheTTL,
	}
}

// newClient returns base, or a client with tight limits where base is nil, that follows no
// redirect to another host: a key set is only as trustworthy as the host that serves it.
func newClient(base *http.Client) *http.Client {
	var client http.Client
	if base != nil {
		client = *base
	} else if transport, ok := http.DefaultTransport.(*http.Transport); ok {
		limited := transport.Clone()
		limited.MaxResponseHeaderBytes = 64 << 10
		limited.MaxIdleConnsPerHost = 1
		client.Transport = limited
	}
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != via[0].URL.Scheme || r.URL.Host != via[0].URL.Host {
			return errors.New("redirect to another host")
		}
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return nil
	}
	return &client
}

// fetch returns the current key set. Where the issuer answers 304 Not Modified, it has the
// keys of old.
func (s *httpFetcher) fetch(ctx context.Context, old *keySet) (*keySet, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	began := s.now()
	url, err := s.keysURL(ctx, began)
	if err != nil {
		return nil, err
	}
	set, err := s.fetchKeys(ctx, url, old, began)
	if err != nil {
		s.discovered = "" // it may have moved
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	return set, nil
}

func (s *httpFetcher) fetchKeys(ctx context.Context, url string, old *keySet, began time.Time) (*keySet, error) {
	etag := ""
	if old != nil {
		etag = old.etag
	}
	resp, err := s.get(ctx, url, etag)
	if err != nil {
		return nil, err
	}
	set := &keySet{etag: resp.header.Get("ETag"), fetchedAt: began}
	if resp.notModified {
		set.keys, set.etag, set.notModified = old.keys, etag, true
		set.unusable = old.unusable
	} else if set.keys, set.unusable, err = parseKeys(resp.body, s.algorithms); err != nil {
		return nil, fmt.Errorf("GET %s answered %.100q: %w", url, resp.header.Get("Content-Type"), err)
	}
	ttl := s.lifetime(resp.header)
	set.refreshAt, set.expiresAt = began.Add(ttl*4/5), began.Add(ttl)
	return set, nil
}

// keysURL returns the URL of the keys, from the issuer's metadata where none is
// configured.
func (s *httpFetcher) keysURL(ctx context.Context, now time.Time) (string, error) {
	if s.jwksURL != "" {
		return s.jwksURL, nil
	}
	if s.discovered != "" && now.Before(s.discoveredAt.Add(metadataMaxAge)) {
		return s.discovered, nil
	}
	address, err := s.discover(ctx)
	if err != nil {
		return "", fmt.Errorf("discover keys: %w", err)
	}
	s.discovered, s.discoveredAt = address, now
	return address, nil
}

// discover reads jwks_uri from the issuer's metadata. OpenID Connect Discovery §4.3:
// the document must name exactly the issuer that it was requested for.
func (s *httpFetcher) discover(ctx context.Context) (string, error) {
	// §4.1: a terminating slash goes before the well-known path is appended.
	address := strings.TrimSuffix(s.issuer, "/") + "/.well-known/openid-configuration"
	resp, err := s.get(ctx, address, "")
	if err != nil {
		return "", err
	}
	var metadata struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(resp.body, &metadata); err != nil {
		return "", fmt.Errorf("GET %s answered %.100q: metadata is not json of the right form", address, resp.header.Get("Content-Type"))
	}
	if metadata.Issuer != s.issuer {
		return "", fmt.Errorf("metadata is of issuer %.200q, not of %q", metadata.Issuer, s.issuer)
	}
	// Never from https down to http, not even on a loopback host.
	if strings.HasPrefix(s.issuer, "https:") && !strings.HasPrefix(metadata.JWKSURI, "https:") {
		return "", errors.New("jwks_uri is not https")
	}
	if err := checkURL(metadata.JWKSURI, s.allowHTTP); err != nil {
		return "", fmt.Errorf("jwks_uri: %w", err)
	}
	return metadata.JWKSURI, nil
}

type response struct {
	header      http.Header
	body        []byte
	notModified bool
}

// get fetches a document of at most 1 MiB.
func (s *httpFetcher) get(ctx context.Context, url, etag string) (response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return response{}, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	if etag != "" && resp.StatusCode == http.StatusNotModified {
		return response{header: resp.Header, notModified: true}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return response{}, fmt.Errorf("%s answered %d", url, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponseBytes+1))
	if err != nil {
		return response{}, fmt.Errorf("read %s: %w", url, err)
	}
	if len(body) > maxResponseBytes {
		return response{}, fmt.Errorf("%s answered more than %d bytes", url, maxResponseBytes)
	}
	return response{header: resp.Header, body: body}, nil
}

// lifetime returns the TTL from the response's headers (RFC 9111 §5.2.2: max-age less Age;
// 0 for no-cache and no-store), within the bounds.
func (s *httpFetcher) lifetime(h http.Header) time.Duration {
	ttl := s.ttl
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return s.minTTL
		case "max-age":
			if age, ok := deltaSeconds(strings.Trim(value, `"`)); ok {
				ttl = age
			}
		}
	}
	if age, ok := deltaSeconds(h.Get("Age")); ok {
		ttl -= age
	}
	return min(max(ttl, s.minTTL), s.maxTTL)
}

// deltaSeconds parses delta-seconds (RFC 9111 §1.2.2). A number that is too large gives the
// largest.
func deltaSeconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}
