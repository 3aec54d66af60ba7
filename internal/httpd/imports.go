package httpd

import (
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"vigie/configs"
	"vigie/dashboards"
	"vigie/internal/fault"
	"vigie/internal/intake"
	"vigie/internal/org"
)

const (
	importAddress = "/imports"
	// importLimit bounds the files that a page takes at once: a region's inventory is a
	// tenth of it. vigie import takes more.
	importLimit = 16 << 20
	// importWithin is how long the files may take to arrive: a school's line is slow.
	importWithin = 2 * time.Minute
	// formMemory is how much of an upload stays in memory; the rest goes to files that
	// are removed with the request.
	formMemory = 4 << 20
)

// shippedMappings lists the mappings that Vigie brings.
func shippedMappings() ([]string, error) {
	folder, err := configs.Mappings()
	if err != nil {
		return nil, err
	}
	return fs.Glob(folder, "*.yaml")
}

// upload keeps files as a draft and shows what they would change.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) error {
	// A connection that cannot wait longer keeps the server's limits. That of the answer
	// counts from the header of the request on.
	within, wait := time.Now().Add(importWithin), http.NewResponseController(w)
	_, _ = wait.SetReadDeadline(within), wait.SetWriteDeadline(within.Add(pageLimit))
	var tooLarge *http.MaxBytesError
	err := r.ParseMultipartForm(formMemory)
	switch {
	case errors.As(err, &tooLarge):
		return s.showInventory(w, r, "large")
	case err != nil:
		return fault.Errorf(fault.Invalid, "read the files: %w", err)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // what is left is the system's temporary files
	who, _ := asker(r)
	d := intake.Draft{Person: who.ID, At: s.Now()}
	if d.Files, err = given(r.MultipartForm.File["files"]); err != nil {
		return err
	}
	if len(d.Files) == 0 {
		return s.showInventory(w, r, "nofile")
	}
	if d.Mapping, err = mappingGiven(r); err != nil {
		return err
	}
	if day := r.PostFormValue("endmissing"); day != "" {
		if d.EndMissing, err = time.Parse(time.DateOnly, day); err != nil {
			return s.showInventory(w, r, "day")
		}
	}
	id, err := s.Inventory.Store.PutDraft(r.Context(), d)
	if err != nil {
		return err
	}
	http.Redirect(w, r, importAddress+"/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
	return nil
}

// given reads uploaded files; an empty field is none.
func given(headers []*multipart.FileHeader) ([]intake.File, error) {
	var files []intake.File
	for _, h := range headers {
		if h.Filename == "" {
			continue
		}
		f, err := h.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		files = append(files, intake.File{Name: path.Base(h.Filename), Content: content})
	}
	return files, nil
}

// mappingGiven is the mapping that was uploaded, or the shipped one that was chosen.
func mappingGiven(r *http.Request) (*intake.File, error) {
	own, err := given(r.MultipartForm.File["own"])
	if err != nil {
		return nil, err
	}
	if len(own) > 0 {
		return &own[0], nil
	}
	name := r.PostFormValue("mapping")
	if name == "" {
		return nil, nil
	}
	folder, err := configs.Mappings()
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(folder, path.Base(name))
	if err != nil {
		return nil, fault.Errorf(fault.Invalid, "mapping %.60q: expected one that Vigie brings", name)
	}
	return &intake.File{Name: name, Content: content}, nil
}

// draftAsked finds the files that the asker gave.
func (s *Server) draftAsked(r *http.Request) (intake.Draft, error) {
	id, err := number(r, "id")
	if err != nil {
		return intake.Draft{}, err
	}
	who, _ := asker(r)
	return s.Inventory.Store.Draft(r.Context(), who.ID, id)
}

func (s *Server) draft(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftAsked(r)
	if err != nil {
		return err
	}
	preview, err := s.Inventory.Preview(r.Context(), d, s.options(r))
	if err != nil {
		return err
	}
	if err := touches(r, preview.Report); err != nil {
		return err
	}
	shell, err := s.inventoryShell(r)
	if err != nil {
		return err
	}
	return s.show(w, r, &dashboards.DraftPage{Shell: shell, Draft: d, Preview: preview})
}

// touches refuses files for tables that the asker may not see.
func touches(r *http.Request, report intake.Report) error {
	who, _ := asker(r)
	for _, f := range report.Files {
		if !mayEdit(who, strings.TrimSuffix(f.File, ".csv")) {
			return forbidden(who, org.SeeCosts)
		}
	}
	return nil
}

func (s *Server) acceptDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftAsked(r)
	if err != nil {
		return err
	}
	o := s.options(r)
	if ends := r.PostFormValue("ends"); ends != "" {
		if o.AcceptEnds, err = strconv.Atoi(ends); err != nil || o.AcceptEnds < 1 {
			return fault.Errorf(fault.Invalid, "field ends %.20q: expected the number of rows that end", ends)
		}
	}
	preview, err := s.Inventory.Preview(r.Context(), d, o)
	if err != nil {
		return err
	}
	if err := touches(r, preview.Report); err != nil {
		return err
	}
	report, err := s.Inventory.Accept(r.Context(), d, r.PostFormValue("token"), o)
	if err != nil {
		return err
	}
	if len(report.Review) > 0 {
		return s.done(w, r, "imported", "/review")
	}
	return s.done(w, r, "imported", "/inventory")
}

func (s *Server) withdrawDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftAsked(r)
	if err != nil {
		return err
	}
	if err := s.Inventory.Store.DropDraft(r.Context(), d.Person, d.ID); err != nil {
		return err
	}
	return s.done(w, r, "withdrawn", "/inventory")
}
