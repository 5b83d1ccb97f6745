package pages

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	g "maragu.dev/gomponents"
)

// maxFragment bounds a fragment, in bytes: it is sent with every page that it is on.
const maxFragment = 32 << 10

// everyPage are the fragments that stand on every page.
var everyPage = []string{"header", "footer"}

// pageNames are the names that a fragment for one page has.
var pageNames = []string{
	LoginView{}.name(), ChangePasswordView{}.name(), ConsentView{}.name(), DeviceView{}.name(), DeviceDoneView{}.name(), FormPostView{}.name(), ContinueView{}.name(), LoopView{}.name(),
	ForgotView{}.name(), ForgotCodeView{}.name(), SetPasswordView{}.name(), ConfirmAddressView{}.name(), MailDoneView{}.name(),
	ErrorView{}.name(), LogoutView{}.name(), SignedOutView{}.name(), HomeView{}.name(),
	AccountView{}.name(), AccountPasswordView{}.name(), SecondFactorView{}.name(), EnrolView{}.name(), RecoveryCodesView{}.name(), AccountFactorsView{}.name(), AccountEnrolView{}.name(), AccountCodesView{}.name(), AccountSessionsView{}.name(), AccountAppsView{}.name(), AccountLinkedView{}.name(),
}

// fragments are the operator's pieces of HTML by the names of their files: "header.html" for
// every language, "header.de.html" for one.
type fragments map[string]g.Node

// of returns the fragment of a name for a language, nil for none.
func (all fragments) of(name, lang string) g.Node {
	if own, ok := all[name+"."+lang+".html"]; ok {
		return own
	}
	return all[name+".html"]
}

// fragment returns the operator's fragment of a name, nil for none.
func (f *frame) fragment(name string) g.Node { return f.pages.fragments.of(name, f.catalog.lang) }

// loadFragments reads the fragments of the operator's folder; nil is no folder. A file that is
// none of those that the folder can have is an error, so that a typing mistake is not silent.
// Names that begin with a period are passed over: Kubernetes and editors put such files there.
func loadFragments(folder fs.FS, languages []string) (fragments, error) {
	if folder == nil {
		return nil, nil
	}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	all := fragments{}
	for _, entry := range entries {
		file := entry.Name()
		name, isHTML := strings.CutSuffix(file, ".html")
		switch {
		case strings.HasPrefix(file, "."), file == "style.css", strings.HasSuffix(file, ".json"):
			continue
		case !isHTML:
			return nil, fmt.Errorf("%s: neither style.css, nor texts such as fr.json, nor an HTML fragment such as header.html", file)
		}
		if err := checkFragmentName(name, languages); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		data, err := readFile(folder, file, maxFragment)
		if err != nil {
			return nil, err
		}
		if err := checkFragment(string(data)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all[file] = g.Raw(string(data))
	}
	return all, nil
}

// checkFragmentName refuses a name, without .html, that no page and no language has.
func checkFragmentName(name string, languages []string) error {
	place, lang, ofLanguage := strings.Cut(name, ".")
	if names := slices.Concat(everyPage, pageNames); !slices.Contains(names, place) {
		return fmt.Errorf("no page has this name: the names are %s", strings.Join(names, ", "))
	}
	if ofLanguage && !slices.Contains(languages, lang) {
		return fmt.Errorf("there are no texts in %q: the languages are %s", lang, strings.Join(languages, ", "))
	}
	return nil
}

// readFile reads a file of at most limit bytes.
func readFile(from fs.FS, name string, limit int64) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	err = errors.Join(err, f.Close())
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", name, limit)
	}
	return data, err
}
