// Package httpd serves the pages: it knows who asks, asks one service, and renders
// the answer.
//
// Every route stands in one table with the right it needs; a request passes sign-in
// and that right before its handler runs. What of the answer somebody sees is the
// service's matter (internal/view, internal/desk), by the same org.Allowed. An
// error becomes a page with a number; its cause goes to the log only. A change is
// a POST that is refused from another origin and answers with a redirect.
//
// The package refuses to decide, to word and to query: decisions are the desk's,
// words the catalogues', rows the store's.
package httpd
