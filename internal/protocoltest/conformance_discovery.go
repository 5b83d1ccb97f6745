package protocoltest

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var conformanceDiscovery = []conformanceModule{
	{name: "oidcc-discovery-endpoint-verification", outcome: "pass", play: playDiscovery},
}

// knownMetadata are the members of RFC 8414, OpenID Connect and their extensions of which the
// suite does not warn; of those, these are the ones that Signet has.
var knownMetadata = strings.Fields(`issuer authorization_endpoint token_endpoint userinfo_endpoint device_authorization_endpoint jwks_uri introspection_endpoint revocation_endpoint
	end_session_endpoint scopes_supported claims_supported grant_types_supported response_types_supported response_modes_supported
	code_challenge_methods_supported authorization_response_iss_parameter_supported prompt_values_supported acr_values_supported ui_locales_supported
	claims_parameter_supported request_parameter_supported request_uri_parameter_supported subject_types_supported
	id_token_signing_alg_values_supported token_endpoint_auth_methods_supported introspection_endpoint_auth_methods_supported
	revocation_endpoint_auth_methods_supported status_list_aggregation_endpoint backchannel_logout_supported backchannel_logout_session_supported`)

var (
	localeTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$`) // RFC 5646 §2.1.1, in its canonical case
	scopeName = regexp.MustCompile(`^[!#-\[\]-~]+$`)                                       // RFC 6749 §3.3
)

func playDiscovery(c *conformance) {
	a := c.s.Get(Discovery).ExpectStatus(c, http.StatusOK)
	o := a.Object(c)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || o["issuer"] != c.s.Issuer {
		c.Errorf("%s of issuer %v", a.Header.Get("Content-Type"), o["issuer"])
	}
	for name, value := range map[string]string{
		"response_types_supported": "code", "subject_types_supported": "public", "id_token_signing_alg_values_supported": "RS256",
		"scopes_supported": "openid", "grant_types_supported": "authorization_code", "claims_supported": "sub", "code_challenge_methods_supported": "S256",
	} {
		if !slices.Contains(list(o[name]), value) {
			c.Errorf("%s: %v", name, o[name])
		}
	}
	for name, value := range o {
		c.checkMetadata(name, value)
	}
	c.checkHTTPS(o)
	c.checkJWKS()
	for _, locale := range list(o["ui_locales_supported"]) {
		if !localeTag.MatchString(locale) {
			c.Errorf("locale %s", locale)
		}
	}
	for _, scope := range list(o["scopes_supported"]) {
		if !scopeName.MatchString(scope) {
			c.Errorf("scope %s", scope)
		}
	}
}

// checkMetadata checks the type of a member by its name, and warns of one that is not known.
func (c *conformance) checkMetadata(name string, value any) {
	c.Helper()
	if !slices.Contains(knownMetadata, name) {
		c.warn("the member %s is not known", name)
	}
	ok := false
	switch v := value.(type) {
	case string:
		ok = strings.HasPrefix(v, "https://")
	case bool:
		ok = strings.HasSuffix(name, "_supported")
	case []any:
		ok = strings.HasSuffix(name, "_supported") && len(v) > 0 && !slices.Contains(list(v), "")
	}
	if !ok {
		c.Errorf("%s: %v", name, value)
	}
}

// checkHTTPS expects every endpoint at https.
func (c *conformance) checkHTTPS(o map[string]any) {
	c.Helper()
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint"} {
		if o[name] == nil {
			c.Errorf("no %s", name)
		}
	}
	for name, value := range o {
		if strings.HasSuffix(name, "_endpoint") && !strings.HasPrefix(value.(string), "https://") {
			c.Errorf("%s: %v", name, value)
		}
	}
}

// checkJWKS expects public keys, each with an id of its own.
func (c *conformance) checkJWKS() {
	c.Helper()
	seen := map[any]bool{}
	keys, _ := c.s.Get(JWKS).ExpectStatus(c, http.StatusOK).Object(c)["keys"].([]any)
	for _, k := range keys {
		key := k.(map[string]any)
		if key["kid"] == nil || seen[key["kid"]] || key["d"] != nil || key["k"] != nil || key["p"] != nil || key["kty"] == "oct" {
			c.Errorf("key %v", key["kid"])
		}
		seen[key["kid"]] = true
	}
	if len(keys) == 0 {
		c.Error("no keys")
	}
}
