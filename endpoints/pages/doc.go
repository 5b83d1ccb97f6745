// Package pages renders the HTML pages that people see: sign-in, consent, logout, the
// account, and errors. It takes a view and returns bytes. It reads no request, sets no cookie
// and decides nothing; only the static files under /assets are served from here.
//
//	p, err := pages.New(pages.Config{Issuer: "https://id.example.com"})
//	lang := p.Language(uiLocales, r.Header.Get("Accept-Language"))
//	body, err := p.Render(pages.LoginView{…}, lang)
//	w.Header().Set("Content-Security-Policy", p.CSP(view))
//
// # Forms
//
// Every form is posted as application/x-www-form-urlencoded and works without script.
//
//	page             posts to            fields
//	LoginView        Action              username, password, remember=1 where the box is ticked
//	ChangePassword   Action              current_password where asked, new_password, new_password_again
//	ConsentView      Action              decision=allow or decision=deny
//	LogoutView       Action              Fields, decision=sign-out
//	FormPostView     Action              Fields
//	account          /account/…          see the account views
//
// # Operators
//
// The folder of the operator has texts, style.css and fragments of HTML, which are checked by
// New and put into the pages as they are. The pages themselves are built by Go functions, one
// file a page. Every value of a view becomes a text or an attribute that is escaped, and every
// URL a target that urls.go has let through.
//
// # Elements
//
// Ids that other programs may rely on: username, password, sign-in, remember, new-password,
// change-password, allow, deny, sign-out, continue, error-page. The element with the id
// error-page has data-kind, the name of the [ErrorKind].
package pages
