package dashboards

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"

	"vigie/internal/i18n"
)

//go:embed templates/*.html
var sources embed.FS

// shared are the templates that every page may use.
var shared = []string{"layout", "icons", "parts", "chart", "load", "lists", "planparts", "operator", "router", "look", "quality", "checks", "test", "traces", "stamp"}

// views are the pages by template name.
var views = []string{
	"board", "map", "plan", "prefix", "siteplan", "vlans", "link", "device", "trial", "site", "incidents", "tickets", "ticket", "probers", "statement", "audit", "tokens",
	"services", "inventory", "records", "record", "draft", "review", "signin", "error",
}

// Renderer writes pages. It is safe for concurrent use.
type Renderer struct {
	static   *Static
	outlines []outline
	views    map[i18n.Lang]map[string]*template.Template
}

// New parses every view in every language. Its error names the view that is
// missing or that cannot be parsed.
func New() (*Renderer, error) {
	static, err := newStatic()
	if err != nil {
		return nil, err
	}
	outlines, err := parseOutlines(outlineFile)
	if err != nil {
		return nil, err
	}
	r := &Renderer{static: static, outlines: outlines, views: map[i18n.Lang]map[string]*template.Template{}}
	var failures []error
	for _, lang := range i18n.Languages() {
		r.views[lang] = make(map[string]*template.Template, len(views))
		for _, name := range views {
			t, err := r.parse(lang, name)
			if err != nil {
				failures = append(failures, fmt.Errorf("view %s in %s: %w", name, lang, err))
			}
			r.views[lang][name] = t
		}
	}
	return r, errors.Join(failures...)
}

// parse reads one view with what it shares, the functions bound to the language. A
// view defines "title", "main" and, when it follows the present, "live".
func (r *Renderer) parse(lang i18n.Lang, name string) (*template.Template, error) {
	t := template.New("page").Funcs(r.functions(i18n.For(lang))).Option("missingkey=error")
	for _, part := range append(append([]string{}, shared...), name) {
		text, err := sources.ReadFile("templates/" + part + ".html")
		if err != nil {
			return nil, err
		}
		if _, err := t.New(part).Parse(string(text)); err != nil {
			return nil, err
		}
	}
	for _, block := range []string{"title", "main"} {
		if t.Lookup(block) == nil {
			return nil, fmt.Errorf("the template %q is not defined", block)
		}
	}
	return t, nil
}

// Static gives the files that pages name.
func (r *Renderer) Static() *Static { return r.static }

// Render writes a whole page. Nothing is written when the page cannot be rendered.
func (r *Renderer) Render(w io.Writer, p Page) error { return r.execute(w, p, "layout") }

// RenderLive writes the part of a page that follows the present; ErrNotLive for a
// page that has none.
func (r *Renderer) RenderLive(w io.Writer, p Page) error {
	if !r.Live(p) {
		return fmt.Errorf("view %s: %w", p.template(), ErrNotLive)
	}
	return r.execute(w, p, "live")
}

// ErrNotLive is the error of a page without a part that follows the present.
var ErrNotLive = errors.New("no part of the page follows the present")

// Live reports whether a part of the page follows the present.
func (r *Renderer) Live(p Page) bool {
	t := r.views[p.shell().Lang][p.template()]
	return t != nil && t.Lookup("live") != nil
}

func (r *Renderer) execute(w io.Writer, p Page, block string) error {
	lang := i18n.For(p.shell().Lang).Lang()
	t, ok := r.views[lang][p.template()]
	if !ok {
		return fmt.Errorf("view %s is not known", p.template())
	}
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, block, p); err != nil {
		return fmt.Errorf("render view %s in %s: %w", p.template(), lang, err)
	}
	_, err := page.WriteTo(w)
	return err
}
