// Package dashboards is what people look at: templates, static files, one typed
// struct for each page, and the charts drawn as SVG on the server.
//
// A Renderer parses every template once for each language and fails at start-up
// when one is missing. A page is a Shell (who looks, in which language, what must
// be said first) around one answer of a service. Pages work without script; with
// it, the part that follows the present is fetched again when something changed.
// Nothing in a page needs an inline script or style: the content security policy
// forbids both. Static files are named by their content and may be kept for ever.
//
// The package refuses to fetch and to decide; it words through the catalogues of
// internal/i18n only.
package dashboards
