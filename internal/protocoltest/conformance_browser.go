package protocoltest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"example.org/signet/docs"
)

// suiteConfig is what docs/openid-conformance.json tells the browser of the suite to do. The
// modules are played by it, so that it works when the suite itself reads it.
type suiteConfig struct {
	Browser  []suiteScript
	Override map[string]struct{ Browser []suiteScript } // by module
}

// suiteScript is what the browser does that is sent to a URL.
type suiteScript struct {
	Match string
	Tasks []suiteTask
}

// suiteTask is what it does on one page. A task whose Match is not where the browser is fails
// the module unless it is optional.
type suiteTask struct {
	Task, Match string
	Optional    bool
	Commands    [][]any
}

// What stands in the configuration for the issuer and the password of the user.
const (
	configIssuer   = "https://op.test:9443"
	configPassword = "ALICE-PASSWORD"
)

// scripts returns the scripts of the module.
func (c *conformance) scripts() []suiteScript {
	c.Helper()
	var config suiteConfig
	text := strings.NewReplacer(configIssuer, c.s.Issuer, configPassword, c.s.Alice.Password).Replace(docs.ConformanceConfig)
	must(c, json.Unmarshal([]byte(text), &config))
	if own, overridden := config.Override[c.module]; overridden {
		return own.Browser
	}
	return config.Browser
}

// screen is where the browser is: at a page of the issuer, or back at the suite.
type screen struct {
	url  string
	page Page
	back *callback
}

// callback is a request that the browser makes to the suite.
type callback struct {
	method string
	target *url.URL
	params url.Values // of the query, or with form_post of the body
}

// arrive is where an answer leads to.
func (c *conformance) arrive(p Page) screen {
	c.Helper()
	if location := p.Header.Get("Location"); location != "" {
		return c.leave(Submission{Method: http.MethodGet, Target: location})
	}
	if d := c.browser.Document(c, p); c.script && d.Has("continue") {
		return c.leave(d.Submission(c, "continue")) // the page sends itself
	}
	return screen{url: c.s.Issuer + p.Path, page: p}
}

func (c *conformance) leave(s Submission) screen {
	c.Helper()
	target, err := url.Parse(s.Target)
	must(c, err)
	got := &callback{s.Method, target, s.Fields}
	if s.Method == http.MethodGet {
		got.params = target.Query()
	}
	return screen{url: s.Target, back: got}
}

// run does what the script for the URL says, on the page that the URL has led to.
func (c *conformance) run(requested string, p Page) screen {
	c.Helper()
	at := c.arrive(p)
	for _, script := range c.scripts() {
		if !simpleMatch(script.Match, c.s.Issuer+requested) {
			continue
		}
		for _, task := range script.Tasks {
			switch {
			case simpleMatch(task.Match, at.url):
				at = c.perform(task, at)
			case !task.Optional:
				c.Fatalf("task %s: the browser is at %.80s: %.300s", task.Task, at.url, at.page.Body)
			}
		}
		return at
	}
	c.Fatalf("no script for %.80s", requested)
	return at
}

// simpleMatch compares with a pattern in which * stands for anything.
func simpleMatch(pattern, text string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
}

func (c *conformance) perform(task suiteTask, at screen) screen {
	c.Helper()
	if at.back != nil {
		return at // a page of the suite
	}
	d := c.browser.Document(c, at.page)
	for _, command := range task.Commands {
		words := make([]string, 6)
		for n := range command {
			words[n], _ = command[n].(string)
		}
		if words[1] != "id" {
			c.Fatalf("task %s: %v", task.Task, command)
		}
		switch id := words[2]; words[0] {
		case "text":
			d.Type(c, id, words[3])
		case "wait":
			c.wait(d, id, words[4], words[5])
		case "click":
			if d.Has(id) || words[3] != "optional" {
				at = c.click(d, id)
			}
		default:
			c.Fatalf("task %s: %v", task.Task, command)
		}
	}
	return at
}

func (c *conformance) click(d *Document, id string) screen {
	c.Helper()
	if id == "sign-in" {
		c.logins++
	}
	if s := d.Submission(c, id); !strings.HasPrefix(s.Target, "/") {
		return c.leave(s)
	}
	return c.arrive(d.Click(c, id))
}

// wait expects an element with a text, and takes the picture that the module waits for.
func (c *conformance) wait(d *Document, id, text, action string) {
	c.Helper()
	if !regexp.MustCompile(text).MatchString(d.Text(c, id)) {
		c.Fatalf("%s says %q, want %q", id, d.Text(c, id), text)
	}
	if action == "update-image-placeholder" && !c.picture {
		c.Errorf("a picture of %s that the module does not wait for", id)
	}
	c.picture = c.picture && !strings.HasPrefix(action, "update-image-placeholder")
}
