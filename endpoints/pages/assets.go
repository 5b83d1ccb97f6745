package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

const (
	scriptType = "text/javascript; charset=utf-8"
	styleType  = "text/css; charset=utf-8"
)

// maxLogo bounds the picture of the issuer, in bytes.
const maxLogo = 64 << 10

// assets serves the static files under names that hold a hash of their content: what a name
// stands for never changes, so that browsers may keep it for ever.
type assets struct {
	prefix string            // the path that all of them have
	byName map[string]*asset // by the name without the hash, such as style.css
}

// asset is one static file.
type asset struct {
	name        string // with the hash, such as style.1a2b3c4d5e6f.css
	contentType string
	plain, gzip []byte // gzip is nil where it saves nothing
}

// newAssets builds the static files: the style with the accent and the folder's own style.css
// behind it, the script, the icon, and the logo.
func newAssets(base string, b Branding, folder fs.FS) (*assets, error) {
	a := &assets{prefix: base + AssetsPath, byName: map[string]*asset{}}
	style, err := styleSheet(b, folder)
	if err != nil {
		return nil, err
	}
	a.add("style.css", styleType, style)
	for _, f := range []struct{ name, contentType string }{
		{"pages.js", scriptType}, {"passkey.js", scriptType}, {"console.js", scriptType}, {"console.css", styleType},
	} {
		data, err := assetFiles.ReadFile("assets/" + f.name)
		if err != nil {
			return nil, err
		}
		a.add(f.name, f.contentType, data)
	}
	icon, err := assetFiles.ReadFile("assets/icon.svg")
	if err != nil {
		return nil, err
	}
	a.add("icon.svg", "image/svg+xml", bytes.ReplaceAll(icon, []byte(defaultAccent), []byte(b.accent())))
	if b.LogoFile == "" {
		return a, nil
	}
	data, contentType, err := readLogo(b.LogoFile)
	if err != nil {
		return nil, refused("brand-logo", err)
	}
	a.add("logo"+strings.ToLower(filepath.Ext(b.LogoFile)), contentType, data)
	return a, nil
}

// styleSheet returns the style with what the branding adds.
func styleSheet(b Branding, folder fs.FS) ([]byte, error) {
	style, err := assetFiles.ReadFile("assets/style.css")
	if err != nil {
		return nil, err
	}
	c, err := parseColour(b.accent())
	if err != nil {
		return nil, err
	}
	style = append(style, accentStyle(c)...)
	if folder == nil {
		return style, nil
	}
	own, err := readFile(folder, "style.css", 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return style, nil
	}
	return append(append(style, '\n'), own...), b.inFolder(err)
}

var logoTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".svg": "image/svg+xml",
}

func readLogo(file string) ([]byte, string, error) {
	contentType, ok := logoTypes[strings.ToLower(filepath.Ext(file))]
	if !ok {
		return nil, "", fmt.Errorf("%s: the name must end in .png, .jpg, .webp, .gif or .svg", file)
	}
	dir, name := filepath.Split(file)
	if dir == "" {
		dir = "."
	}
	data, err := readFile(os.DirFS(dir), name, maxLogo)
	if err != nil {
		return nil, "", err
	}
	if found := http.DetectContentType(data); contentType != "image/svg+xml" && found != contentType {
		return nil, "", fmt.Errorf("%s: the content is %s, not %s", file, found, contentType)
	}
	return data, contentType, nil
}

// add adds a file under its name and the first 72 bits of the hash of its content.
func (a *assets) add(name, contentType string, data []byte) {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	f := &asset{contentType: contentType, plain: data, name: strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(data)
	}
	if err == nil && z.Close() == nil && b.Len() < len(data)*9/10 {
		f.gzip = b.Bytes()
	}
	a.byName[name] = f
}

// path returns the path of a file by its name without the hash.
func (a *assets) path(name string) target { return target(a.prefix + a.byName[name].name) }

// logo returns the path of the issuer's picture, which is the icon where there is none.
func (a *assets) logo() target {
	for name := range a.byName {
		if strings.HasPrefix(name, "logo.") {
			return a.path(name)
		}
	}
	return a.path("icon.svg")
}

// find returns the file of a name with a hash. While servers of two versions run side by side,
// a page of one may ask the other for a file: it gets its own of that name, which nobody keeps.
func (a *assets) find(name string) (f *asset, current bool) {
	stem, rest, ok := strings.Cut(name, ".")
	if !ok {
		return nil, false
	}
	f = a.byName[stem+path.Ext("."+rest)]
	return f, f != nil && f.name == name
}

// ServeHTTP serves one file by GET and HEAD.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, current := a.find(path.Base(r.URL.Path))
	switch {
	case f == nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox") // of an SVG that is opened by itself
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if f.gzip != nil && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a client that is gone cannot be told so
	}
}

// acceptsGzip tells whether gzip is accepted with a weight above zero (RFC 9110 §12.5.3).
func acceptsGzip(header []string) bool {
	for coding := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			q, given := strings.CutPrefix(weight, "q=")
			return !given || strings.Trim(q, "0.") != ""
		}
	}
	return false
}
