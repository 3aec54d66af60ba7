package httpd

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"vigie/dashboards"
	"vigie/internal/calendar"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/org"
)

// costTables hold what only those may see who see prices.
var costTables = []string{"prices", "clauses", "terms"}

// mayEdit reports whether somebody who edits the inventory may see this table of it.
func mayEdit(who org.User, table string) bool {
	return !slices.Contains(costTables, table) || org.Allowed(who, org.SeeCosts)
}

// tableAsked reads the table of the address; one that the asker may not see is not found.
func tableAsked(r *http.Request) (string, error) {
	who, _ := asker(r)
	table := chi.URLParam(r, "table")
	if !mayEdit(who, table) {
		return "", fault.Errorf(fault.NotFound, "table %q is not in the rights of user %d", table, who.ID)
	}
	return table, nil
}

// options say who changes the inventory, and when.
func (s *Server) options(r *http.Request) intake.Options {
	who, _ := asker(r)
	o := intake.Options{Actor: "user:" + strconv.FormatInt(who.ID, 10), Now: s.Now()}
	if !org.Allowed(who, org.SeeCosts) {
		o.Hidden = costTables
	}
	return o
}

// inventoryShell is the shell of a page of the inventory.
func (s *Server) inventoryShell(r *http.Request) (dashboards.Shell, error) {
	who, _ := asker(r)
	notices, err := s.View.Notices(r.Context(), who, s.Now())
	if err != nil {
		return dashboards.Shell{}, err
	}
	return s.following(r, dashboards.Inventory, notices), nil
}

func (s *Server) inventory(w http.ResponseWriter, r *http.Request) error {
	return s.showInventory(w, r, "")
}

// showInventory shows the tables and takes files; problem is why the last were not taken.
func (s *Server) showInventory(w http.ResponseWriter, r *http.Request, problem string) error {
	who, _ := asker(r)
	shell, err := s.inventoryShell(r)
	if err != nil {
		return err
	}
	page := &dashboards.InventoryPage{Shell: shell, Problem: problem}
	tables, err := s.Inventory.Tables(r.Context(), calendar.Day(s.Now()))
	if err != nil {
		return err
	}
	for _, t := range tables {
		if mayEdit(who, t.Table) {
			page.Tables = append(page.Tables, t)
		}
	}
	waiting, err := s.Inventory.Pending(r.Context(), s.Now())
	if err != nil {
		return err
	}
	page.Waiting = len(waiting)
	if page.Doubted, err = s.View.Doubted(r.Context(), who, s.Now()); err != nil {
		return err
	}
	if page.Mappings, err = shippedMappings(); err != nil {
		return err
	}
	if problem != "" {
		return s.showAs(w, r, http.StatusUnprocessableEntity, page)
	}
	return s.show(w, r, page)
}

// rowsShown is how many rows of a table its page lists.
const rowsShown = 200

func (s *Server) records(w http.ResponseWriter, r *http.Request) error {
	table, err := tableAsked(r)
	if err != nil {
		return err
	}
	q, err := text("q", r.URL.Query().Get("q"))
	if err != nil {
		return err
	}
	rows, err := s.Inventory.Rows(r.Context(), table, q)
	if err != nil {
		return err
	}
	shell, err := s.inventoryShell(r)
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.RecordsPage{Shell: shell, Table: table, Text: q, Rows: rows[:min(len(rows), rowsShown)], Total: len(rows)})
}

func (s *Server) record(w http.ResponseWriter, r *http.Request) error {
	table, err := tableAsked(r)
	if err != nil {
		return err
	}
	key, err := fieldText("key", r.URL.Query().Get("key"))
	if err != nil {
		return err
	}
	form, err := s.Inventory.Form(r.Context(), table, key)
	if err != nil {
		return err
	}
	if key == "" {
		if err := suggest(&form, r.URL.Query()); err != nil {
			return err
		}
	}
	return s.showRecord(w, r, http.StatusOK, &dashboards.RecordPage{Form: form})
}

// suggest fills in the form of a new row what the address says of it: the fields f.name
// are columns, as when it is sent.
func suggest(form *intake.Form, query url.Values) error {
	for i := range form.Fields {
		field := &form.Fields[i]
		if !query.Has("f." + field.Name) {
			continue
		}
		var err error
		if field.Value, err = fieldText(field.Name, query.Get("f."+field.Name)); err != nil {
			return err
		}
	}
	return nil
}

// showRecord adds to a form what happened to its row.
func (s *Server) showRecord(w http.ResponseWriter, r *http.Request, status int, page *dashboards.RecordPage) error {
	var err error
	if page.Shell, err = s.inventoryShell(r); err != nil {
		return err
	}
	page.Path = local("/inventory/" + page.Form.Table)
	if page.Form.Key != "" {
		if page.History, err = s.Inventory.History(r.Context(), page.Form.Table, page.Form.Key); err != nil {
			return err
		}
	}
	if page.People, err = s.names(r, page.History); err != nil {
		return err
	}
	return s.showAs(w, r, status, page)
}

// names finds who changed a row.
func (s *Server) names(r *http.Request, history []intake.Recorded) (map[int64]string, error) {
	people := map[int64]string{}
	for _, h := range history {
		id, err := strconv.ParseInt(strings.TrimPrefix(h.Actor, "user:"), 10, 64)
		if _, known := people[id]; known || err != nil {
			continue
		}
		who, err := s.People.ByID(r.Context(), id)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			continue
		case err != nil:
			return nil, err
		}
		people[id] = who.Name
	}
	return people, nil
}

func (s *Server) saveRecord(w http.ResponseWriter, r *http.Request) error {
	e, err := readEdit(r)
	if err != nil {
		return err
	}
	from := ""
	if r.PostFormValue("how") == "from" {
		from = r.PostFormValue("from")
		if e.From, err = time.Parse(time.DateOnly, from); err != nil {
			return fault.Errorf(fault.Invalid, "field from %.20q: expected a day such as 2026-11-24", from)
		}
	}
	return s.save(w, r, e, from, "record")
}

// endRecord gives a row its end: the same change as typing it into the form.
func (s *Server) endRecord(w http.ResponseWriter, r *http.Request) error {
	e, err := readEdit(r)
	if err != nil {
		return err
	}
	form, err := s.Inventory.Form(r.Context(), e.Table, e.Key)
	if err != nil {
		return err
	}
	if !form.CanEnd {
		return fault.Errorf(fault.Invalid, "table %s: its rows have no end", e.Table)
	}
	day, err := fieldText("day", r.PostFormValue("day"))
	if err != nil {
		return err
	}
	e.Values = []intake.Value{{Column: form.EndField, Text: day}}
	return s.save(w, r, e, "", "ended")
}

func (s *Server) save(w http.ResponseWriter, r *http.Request, e intake.Edit, from, said string) error {
	form, report, err := s.Inventory.Save(r.Context(), e, s.options(r))
	var refused *intake.Refused
	switch {
	case errors.As(err, &refused):
		return s.showRecord(w, r, http.StatusUnprocessableEntity, &dashboards.RecordPage{Form: form, From: from, Again: true})
	case fault.KindOf(err) == fault.Conflict && form.Table != "":
		return s.showRecord(w, r, http.StatusConflict, &dashboards.RecordPage{Form: form, Typed: differing(form, e)})
	case err != nil:
		return err
	}
	if report.Empty() {
		said = "same"
	}
	return s.done(w, r, said, "/inventory/"+e.Table)
}

// differing gives what was typed where the stored row says something else.
func differing(form intake.Form, e intake.Edit) []intake.Value {
	var typed []intake.Value
	for _, f := range form.Fields {
		for _, v := range e.Values {
			if v.Column == f.Name && v.Text != f.Value {
				typed = append(typed, v)
			}
		}
	}
	return typed
}

// readEdit reads a form: the fields f.name are columns.
func readEdit(r *http.Request) (intake.Edit, error) {
	table, err := tableAsked(r)
	if err != nil {
		return intake.Edit{}, err
	}
	if err := r.ParseForm(); err != nil {
		return intake.Edit{}, fault.Errorf(fault.Invalid, "read the form: %w", err)
	}
	e := intake.Edit{Table: table, Version: r.PostFormValue("version")}
	if e.Key, err = fieldText("key", r.PostFormValue("key")); err != nil {
		return intake.Edit{}, err
	}
	for name := range r.PostForm {
		column, ok := strings.CutPrefix(name, "f.")
		if !ok {
			continue
		}
		value, err := fieldText(column, r.PostFormValue(name))
		if err != nil {
			return intake.Edit{}, err
		}
		e.Values = append(e.Values, intake.Value{Column: column, Text: value})
	}
	return e, nil
}

// fieldLimit bounds a field of the inventory, in characters: a grappe has a hundred sites.
const fieldLimit = 8000

// fieldText reads a field whose length its table judges.
func fieldText(field, value string) (string, error) {
	value = strings.TrimSpace(value)
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(value) > fieldLimit {
		return "", fault.Errorf(fault.Invalid, "field %.50q: expected UTF-8 text of at most %s", field, fmt.Sprintf("%d octets", fieldLimit))
	}
	return value, nil
}
