package dashboards

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// StaticPrefix is where static files are served.
const StaticPrefix = "/static/"

// Static is the static files under names that carry their content's checksum: a
// name never means another content, so it may be cached for ever.
type Static struct {
	byName map[string]StaticFile // by the name with its checksum
	urls   map[string]string     // by the plain name
}

// StaticFile is one file as it is served.
type StaticFile struct {
	Content     []byte
	ContentType string
}

// contentTypes are the kinds of file a page may name.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func newStatic() (*Static, error) {
	s := &Static{byName: map[string]StaticFile{}, urls: map[string]string{}}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		extension := path.Ext(name)
		kind, known := contentTypes[extension]
		if !known {
			return fmt.Errorf("static file %s: no content type for %q", name, extension)
		}
		sum := sha256.Sum256(content)
		plain := path.Base(name)
		stamped := strings.TrimSuffix(plain, extension) + "." + hex.EncodeToString(sum[:6]) + extension
		s.byName[stamped] = StaticFile{content, kind}
		s.urls[plain] = StaticPrefix + stamped
		return nil
	})
	return s, err
}

// URL is the address of a file; an error, which stops the page, for an unknown one.
func (s *Static) URL(name string) (string, error) {
	url, ok := s.urls[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return url, nil
}

// File finds a file by the name with its checksum, as it stands in its address.
func (s *Static) File(stamped string) (StaticFile, bool) {
	f, ok := s.byName[stamped]
	return f, ok
}
