package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.org/signet/endpoints/pages"
)

// formTaker stands for the server behind the forms: it keeps what it is sent, and answers
// with another page when it is released.
type formTaker struct {
	mu     sync.Mutex
	forms  []url.Values
	asked  int // GET of the page
	signed int // the status of /login/state
	hold   chan struct{}
}

func (f *formTaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/login/state" {
		f.mu.Lock()
		defer f.mu.Unlock()
		w.WriteHeader(f.signed)
		return
	}
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		f.mu.Lock()
		f.forms = append(f.forms, r.PostForm)
		f.mu.Unlock()
		if f.hold != nil {
			<-f.hold
		}
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<!doctype html><title>taken</title><h1 id=taken>taken</h1>"))
}

func (f *formTaker) taken() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.forms)
}

// newStory serves one page, whose form goes to a formTaker, and opens it in a tab.
func newStory(t *testing.T, v func(base string) pages.View, before ...chromedp.Action) (*page, *formTaker) {
	t.Helper()
	long(t)
	browser := requireChromium(t)
	taker := &formTaker{signed: http.StatusNoContent}
	p, err := pages.New(pages.Config{Issuer: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(pages.AssetsPath, p.Assets())
	mux.Handle("/taken", taker)
	mux.Handle("/login/state", taker)
	base := startHTTP(t, mux)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		taker.mu.Lock()
		taker.asked++
		taker.mu.Unlock()
		writeView(w, p, v(base), "en")
	})
	tab := openTab(t, browser, waitTimeout)
	tab.do(append(before, chromedp.Navigate(base+"/page"), chromedp.WaitReady("body", chromedp.ByQuery))...)
	return tab, taker
}

func loginStory(string) pages.View {
	return pages.LoginView{Action: "/taken", Client: &pages.Client{Name: "Notes"}, Remember: pages.RememberOffered, StateURL: "/login/state"}
}

func formPostStory(base string) pages.View {
	return pages.FormPostView{Action: base + "/taken", Fields: []pages.Field{{Name: "code", Value: "c"}, {Name: "state", Value: `"'</form>&`}}, Client: pages.Client{Name: "Notes"}}
}

// wantForms waits until the server has taken so many forms, and returns the last one.
func (f *formTaker) wantForms(t *testing.T, want int) url.Values {
	t.Helper()
	eventually(t, "the form to arrive", func() bool { return len(f.taken()) >= want })
	got := f.taken()
	if len(got) != want {
		t.Fatalf("%d forms arrived, want %d", len(got), want)
	}
	return got[want-1]
}

// Without script the login is a form that a keyboard fills in and sends. L19.
func TestPages_LoginWorksWithoutScript(t *testing.T) {
	t.Parallel()
	tab, taker := newStory(t, loginStory, emulation.SetScriptExecutionDisabled(true))
	tab.do(chromedp.SendKeys("#username", "alice", chromedp.ByQuery), chromedp.SendKeys("#password", "secret", chromedp.ByQuery), chromedp.SendKeys("#remember", " ", chromedp.ByQuery),
		chromedp.SendKeys("#password", kb.Enter, chromedp.ByQuery), chromedp.WaitReady("#taken", chromedp.ByQuery))
	if form := taker.wantForms(t, 1); form.Encode() != "password=secret&remember=1&username=alice" {
		t.Errorf("the form is %s", form.Encode())
	}
}

// Without script the answer to an application goes on by a button. C04, L19.
func TestPages_FormPostWorksWithoutScript(t *testing.T) {
	t.Parallel()
	tab, taker := newStory(t, formPostStory, emulation.SetScriptExecutionDisabled(true))
	tab.do(chromedp.WaitVisible("#continue", chromedp.ByQuery))
	if len(taker.taken()) != 0 {
		t.Fatal("the form was sent by itself")
	}
	tab.do(chromedp.Click("#continue", chromedp.ByQuery), chromedp.WaitReady("#taken", chromedp.ByQuery))
	if form := taker.wantForms(t, 1); form.Get("code") != "c" || form.Get("state") != `"'</form>&` || len(form) != 2 {
		t.Errorf("the form is %v", form)
	}
}

// The answer to an application posts itself once: a person who comes back, or loads the page
// again, finds a button. L07.
func TestPages_FormPostPostsItselfOnce(t *testing.T) {
	t.Parallel()
	tab, taker := newStory(t, formPostStory)
	tab.do(chromedp.WaitReady("#taken", chromedp.ByQuery))
	taker.wantForms(t, 1)
	var here string
	tab.do(chromedp.Location(&here))
	// Chrome keeps no entry in its history of a page that posts itself. Other browsers do: here
	// the page gets one by being loaded without script.
	tab.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(strings.Replace(here, "/taken", "/page", 1)), chromedp.WaitVisible("#continue", chromedp.ByQuery),
		emulation.SetScriptExecutionDisabled(false), chromedp.Navigate(here), chromedp.Evaluate("history.back()", nil), chromedp.WaitVisible("#continue", chromedp.ByQuery),
		chromedp.Reload(), chromedp.WaitVisible("#continue", chromedp.ByQuery), chromedp.Sleep(500*time.Millisecond))
	taker.wantForms(t, 1)
	tab.do(chromedp.Click("#continue", chromedp.ByQuery))
	taker.wantForms(t, 2)
	tab.wantNoErrors()
}

// A second click while the first is on its way sends nothing, and a shown password is sent like
// any other. L06.
func TestPages_LoginIsSentOnce(t *testing.T) {
	t.Parallel()
	tab, taker := newStory(t, loginStory)
	taker.hold = make(chan struct{})
	var kind, again string
	tab.do(chromedp.SendKeys("#username", "alice", chromedp.ByQuery), chromedp.SendKeys("#password", "secret", chromedp.ByQuery),
		chromedp.Click(".reveal", chromedp.ByQuery), chromedp.Evaluate("password.type + ' ' + document.querySelector('.reveal').getAttribute('aria-label')", &kind),
		chromedp.Evaluate("var b = document.getElementById('sign-in'); b.click(); b.click(); setTimeout(function () { b.click() }, 50); password.type", &again))
	if kind != "text Hide password" || again != "password" {
		t.Errorf("the shown field is %q, the one that is sent %q", kind, again)
	}
	taker.wantForms(t, 1)
	time.Sleep(300 * time.Millisecond)
	close(taker.hold)
	tab.do(chromedp.WaitReady("#taken", chromedp.ByQuery))
	if form := taker.wantForms(t, 1); form.Encode() != "password=secret&username=alice" {
		t.Errorf("the form is %s", form.Encode())
	}
	tab.wantNoErrors()
}

// A tab that is looked at again goes on where somebody has signed in meanwhile, but not while a
// password is being typed. L05.
func TestPages_LoginNoticesSignInElsewhere(t *testing.T) {
	t.Parallel()
	tab, taker := newStory(t, loginStory)
	look := chromedp.Evaluate("document.dispatchEvent(new Event('visibilitychange'))", nil)
	asked := func() int {
		taker.mu.Lock()
		defer taker.mu.Unlock()
		return taker.asked
	}
	tab.do(look, chromedp.Sleep(300*time.Millisecond))
	if asked() != 1 {
		t.Error("the page was loaded again though nobody is signed in")
	}
	taker.mu.Lock()
	taker.signed = http.StatusOK
	taker.mu.Unlock()
	tab.do(chromedp.SendKeys("#password", "s", chromedp.ByQuery), look, chromedp.Sleep(300*time.Millisecond))
	if asked() != 1 {
		t.Error("the page was loaded again while a password was being typed")
	}
	tab.do(chromedp.Evaluate("password.value = ''", nil), look)
	eventually(t, "the page to be loaded again", func() bool { return asked() == 2 })
	tab.wantNoErrors()
}

// focused tells where the keyboard is: the id or text of the element, its place among those that
// can be reached, and whether the focus can be seen.
const focused = `(() => {
	const reachable = Array.from(document.querySelectorAll('a[href], button, input, select, textarea, summary')).filter(e => e.type !== 'hidden' && e.checkVisibility());
	const e = document.activeElement, style = getComputedStyle(e);
	if (e === document.body) return null;
	return {Name: e.id || e.textContent, Place: reachable.indexOf(e), Of: reachable.length, Seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2};
})()`

// TestPages_KeyboardReachesEverything: Tab goes through all that can be used, in the order of the
// page, and the focus can be seen everywhere. L21.
func TestPages_KeyboardReachesEverything(t *testing.T) {
	long(t)
	t.Parallel()
	browser := requireChromium(t)
	s := newPageServer(t, pages.Branding{Links: []pages.Link{{Text: "Imprint", URL: "/imprint"}}})
	p := openTab(t, browser, 5*time.Minute)
	for _, shown := range s.shown {
		p.do(screens[0].show(s.url+"/"+shown.name), chromedp.Evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')", nil))
		for place, of := 0, 1; place < of; place++ {
			var at *struct {
				Name      string
				Place, Of int
				Seen      bool
			}
			p.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(focused, &at))
			if at == nil || at.Place != place || !at.Seen {
				t.Errorf("%s: after %d steps the keyboard is at %+v", shown.name, place+1, at)
				break
			}
			of = at.Of
		}
	}
}

// The login page begins in the right field, and its order is the one that people expect.
func TestPages_LoginKeyboardOrder(t *testing.T) {
	t.Parallel()
	tab, _ := newStory(t, loginStory)
	var order []string
	for range 5 {
		var at struct{ Name string }
		tab.do(chromedp.Evaluate(focused, &at), chromedp.KeyEvent(kb.Tab))
		order = append(order, strings.TrimSpace(at.Name))
	}
	if got := strings.Join(order, ", "); got != "username, password, Show, remember, sign-in" {
		t.Errorf("the order is %s", got)
	}
}
