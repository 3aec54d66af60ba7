package store_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"vigie/internal/store"
	"vigie/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestPostgreSQLParsesEveryStatement(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := storetest.New(t).Pool().Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for name, statement := range store.Queries() {
		positional, _, err := pgx.NamedArgs{}.RewriteQuery(ctx, conn.Conn(), statement, nil)
		if err == nil {
			_, err = conn.Conn().Prepare(ctx, name, positional)
		}
		if err != nil {
			t.Errorf("query %s: %v", name, err)
		}
	}
}

// The statements of migrate.go make the schema that the others are prepared against.
const withoutRegistry = "migrate.go"

var beginsLikeSQL = regexp.MustCompile("^[`\"]\\s*(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|LOCK|SET|CREATE)\\s")

func TestEveryStatementIsDeclaredWithQuery(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == withoutRegistry {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range undeclared(file) {
			t.Errorf("%s: SQL that is not declared with query, so that no test prepares it", set.Position(text.Pos()))
		}
	}
}

// undeclared returns the SQL texts of a file that are no part of an argument of query. A function
// that returns a text may build one, but only for query.
func undeclared(file *ast.File) []ast.Expr {
	var found []ast.Expr
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return !returnsText(n.Type)
		case *ast.CallExpr:
			if built := builtOnTheSpot(n); built != nil {
				found = append(found, built)
				return false
			}
			function, ok := n.Fun.(*ast.Ident)
			return !ok || function.Name != "query"
		case *ast.BasicLit:
			if n.Kind == token.STRING && beginsLikeSQL.MatchString(n.Value) {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

func returnsText(f *ast.FuncType) bool {
	if f.Results == nil || len(f.Results.List) != 1 {
		return false
	}
	result, ok := f.Results.List[0].Type.(*ast.Ident)
	return ok && result.Name == "string"
}

// builtOnTheSpot returns the statement of a call on a connection, a transaction or a batch when it
// is not a name but a text or an expression.
func builtOnTheSpot(call *ast.CallExpr) ast.Expr {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	at, ok := map[string]int{"Exec": 1, "Query": 1, "QueryRow": 1, "Queue": 0, "Prepare": 2}[method.Sel.Name]
	if !ok || len(call.Args) <= at {
		return nil
	}
	switch statement := call.Args[at].(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return nil
	default:
		return statement
	}
}

func TestUndeclaredStatementsAreFound(t *testing.T) {
	t.Parallel()
	const source = `package p
var declared = query("a", "SELECT 1" + "SELECT 2")
var built = query("b", build("x"))
func build(table string) string { return "DELETE FROM " + table }
var undeclared = "SELECT 3"
func f() {
	tx.Exec(ctx, declared, 1)
	tx.Exec(ctx, "DELETE FROM x", 1)
	batch.Queue(build("x"))
	log("SELECTED")
}`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, text := range undeclared(file) {
		got = append(got, source[text.Pos()-1:text.End()-1])
	}
	if diff := cmp.Diff([]string{`"SELECT 3"`, `"DELETE FROM x"`, `build("x")`}, got); diff != "" {
		t.Errorf("undeclared (-want +got):\n%s", diff)
	}
}
