package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "vigie"

// house is where each package lives: a floor imports earlier floors only. Within
// a floor, packages in one group may import those that stand before them in it;
// otherwise siblings do not know each other.
var house = [][][]string{
	1: {
		{"configs"},
		{"internal/i18n"},
		{"internal/calendar"},
		{"internal/journal"},
		{"internal/fault"},
		{"internal/figure"},
		{"probe", "probe/schedule", "probe/clock", "probe/icmp", "probe/ping", "probe/snmp", "probe/stamp", "probe/service", "probe/path", "probe/throughput"},
		{"internal/tabular", "internal/likeness", "internal/mapping"},
		{"billing/money", "billing/tariff", "billing/share", "billing/invoice", "billing/statement"},
	},
	2: {{"internal/org", "internal/contract", "internal/inventory", "internal/ipam"}},
	3: {{"internal/measure"}},
	4: {{"internal/linkstate", "internal/incident", "internal/sla", "internal/ticket"}, {"internal/checkstate"}},
	5: {{"internal/watch"}, {"internal/desk"}, {"internal/intake"}, {"internal/view"}, {"internal/invoicing"}, {"internal/access"}, {"internal/audit"}, {"internal/vantage"}, {"internal/history"}, {"internal/trial"}},
	6: {
		{"internal/store/cluster", "internal/store", "internal/store/storetest"},
		{"internal/jobs"},
		{"internal/pipe", "internal/pipe/pipetest"},
		{"internal/prober"},
		{"internal/series"},
		{"internal/ticket/email"},
		{"internal/ticket/tmf621"},
		{"internal/lab/operator", "internal/lab/agent", "internal/lab"},
		{"dashboards", "internal/report"},
	},
	7: {{"internal/httpd/api", "internal/httpd"}, {"internal/outpost"}},
	8: {{"internal/app", "cmd/vigie", "internal/benchhistory", "internal/chaos"}, {"internal/benchprobe"}, {"internal/simulation"}},
}

// outside are the packages of others that floors 1 to 5 do without, so that
// decisions know no database, no network and no machine.
var outside = []string{"github.com/jackc/pgx", "github.com/go-chi", "github.com/robfig/cron", "os", "net/http"}

// only says which packages alone may import a library.
var only = map[string][]string{
	"github.com/jackc/pgx":       {"internal/store", "internal/store/storetest", "internal/store/cluster", "internal/jobs", "internal/chaos"}, // which trusts none of the others
	"github.com/riverqueue":      {"internal/store", "internal/jobs"},
	"github.com/nats-io":         {"internal/pipe", "internal/pipe/pipetest"},
	"github.com/go-chi":          {"internal/httpd/api", "internal/httpd"},
	"github.com/danielgtaylor":   {"internal/httpd/api"},
	"github.com/wneessen":        {"internal/ticket/email"},
	"github.com/gosnmp":          {"probe/snmp", "internal/benchprobe"}, // which measures it as it comes
	"github.com/xuri":            {"internal/tabular", "internal/report"},
	"github.com/emersion":        {"internal/lab/operator"},
	"github.com/alecthomas":      {"cmd/vigie"},
	"github.com/alexedwards":     {"internal/httpd"},
	"github.com/VictoriaMetrics": {"internal/app", "internal/httpd"},
}

type room struct{ floor, group, place int }

func rooms() map[string]room {
	all := map[string]room{}
	for floor, groups := range house {
		for g, group := range groups {
			for place, name := range group {
				all[name] = room{floor, g, place}
			}
		}
	}
	return all
}

// imports lists what the non-test files of each package of the tree import.
func imports(t *testing.T, root string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		if d.IsDir() {
			nested := rel == "internal/tools"
			if nested || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && file != root {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(rel)
		found[pkg] = found[pkg][:len(found[pkg]):len(found[pkg])] // present, even without imports
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[pkg] = append(found[pkg], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestImportsGoFromALaterFloorToAnEarlierOneOnly(t *testing.T) {
	t.Parallel()
	all := rooms()
	for pkg, list := range imports(t, filepath.Join("..", "..")) {
		from, ok := all[pkg]
		if !ok {
			t.Errorf("package %s stands on no floor: place it on purpose", pkg)
			continue
		}
		for _, name := range list {
			inside, ok := strings.CutPrefix(name, module+"/")
			if !ok {
				checkOutside(t, pkg, from.floor, name)
				continue
			}
			to, ok := all[inside]
			below := to.floor < from.floor
			before := to.floor == from.floor && to.group == from.group && to.place < from.place
			if !ok || !below && !before {
				t.Errorf("%s (floor %d) imports %s (floor %d)", pkg, from.floor, inside, to.floor)
			}
		}
	}
}

func checkOutside(t *testing.T, pkg string, floor int, name string) {
	t.Helper()
	prober := strings.HasPrefix(pkg, "probe/")
	for _, refused := range outside {
		if floor <= 5 && !prober && (name == refused || strings.HasPrefix(name, refused+"/")) {
			t.Errorf("%s (floor %d) imports %s", pkg, floor, name)
		}
	}
	for library, allowed := range only {
		if strings.HasPrefix(name, library+"/") && !slices.Contains(allowed, pkg) {
			t.Errorf("%s imports %s, which belongs to %s", pkg, name, strings.Join(allowed, ", "))
		}
	}
}

func TestTheHouseHoldsEveryPackageOnce(t *testing.T) {
	t.Parallel()
	found := imports(t, filepath.Join("..", ".."))
	seen := map[string]bool{}
	for _, groups := range house {
		for _, group := range groups {
			for _, name := range group {
				if seen[name] {
					t.Errorf("%s stands twice in the house", name)
				}
				seen[name] = true
				if _, ok := found[name]; !ok {
					t.Errorf("%s is in the house and not in the tree", name)
				}
			}
		}
	}
}
