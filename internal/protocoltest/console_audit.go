package protocoltest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

var consoleAuditCases = []testCase{
	{name: "the audit log is searched and shown", configure: mergedAdmin, run: testConsoleAudit},
}

func testConsoleAudit(t *testing.T, s *Signet) {
	f := s.AddAdmins(t)
	answer := s.JSON("POST", Users+"/"+s.Alice.ID+"/disable", nil, f.admin).ExpectStatus(t, http.StatusOK)
	request := answer.Header.Get("X-Request-Id")
	path := ConsolePath + "/audit"
	b, page := s.openConsole(t, f.Admin, "/audit?person=alice&type=user.")
	page.has(t, http.StatusOK, "user.<wbr>disabled", ">alice<", "/people/"+s.Alice.ID, ">"+f.Admin.Username+"<")
	page = b.Open(path + "?request=" + request)
	page.has(t, http.StatusOK, "user.<wbr>disabled")
	if n := strings.Count(string(page.Body), `<th scope="row"`); n != 1 {
		t.Errorf("%d events of the request, want 1", n)
	}
	_, after, _ := strings.Cut(string(page.Body), `href="/console/audit/`)
	id, _, _ := strings.Cut(after, `"`)
	b.Open(path+"/"+id).has(t, http.StatusOK, "user.disabled", request, "127.0.0.1", "What proves it", "alice", "audit?request="+request)
	b.Open(path+"/nothing").has(t, http.StatusNotFound, "")
	now := s.Clock.Now().UTC()
	for query, there := range map[string]bool{
		"since=" + url.QueryEscape(now.Add(-time.Minute).Format("2006-01-02T15:04")): true, "since=" + url.QueryEscape(now.Add(time.Hour).Format(time.RFC3339)): false,
		"until=2020-01-01": false, "type=user.disabled": true, "type=role.": false, "client=no-such-client": false, "person=" + s.Alice.ID: true, "person=nobody-at-all": false,
	} {
		page := b.Open(path + "?" + query)
		page.has(t, http.StatusOK, "<form")
		if got := strings.Contains(string(page.Body), "<code>user.<wbr>disabled<wbr></code>"); got != there {
			t.Errorf("%s shows it: %t, want %t", query, got, there)
		}
	}
	b.Open(path+"/+/export?type=user.disabled&person=alice").has(t, http.StatusOK, "event(s)", s.Alice.ID, "events.jsonl", "&#34;type&#34;:&#34;user.disabled&#34;")
	b.Open(path+"/+/export?since=yesterday").has(t, http.StatusBadRequest, "This is no time")
	verify := path + "/+/verify"
	b.Open(verify).has(t, http.StatusForbidden, "for a super_admin")
	b.follow(t, verify, url.Values{}).has(t, http.StatusForbidden, "")
	super, _ := s.openConsole(t, f.SuperAdmin, "/audit")
	super.Open(verify).has(t, http.StatusOK, "Verify now")
	page = super.follow(t, verify, url.Values{})
	for tries := 0; strings.Contains(string(page.Body), "Under way") && tries < 10000; tries++ {
		page = super.Open(verify)
		time.Sleep(time.Millisecond)
	}
	page.has(t, http.StatusOK, "intact", "Faults")
	if strings.Contains(string(page.Body), "NOT intact") {
		t.Errorf("%s", page.Body)
	}
	b.Open(path+"?since=yesterday").has(t, http.StatusBadRequest, "This is no time")
	b.Open(path+"?type=nothing.").has(t, http.StatusBadRequest, "type")
	b.Open(path+"?after=x").has(t, http.StatusBadRequest, "after")
	b.Open(path+"?person=nobody-at-all").has(t, http.StatusOK, "Nobody is called", "No event matches")
}
