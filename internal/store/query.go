package store

// queries holds every statement of the package under its name. It is filled while package
// variables are initialised and only read afterwards.
var queries = map[string]string{}

// query declares a statement; its name is "aggregate.need", unique in the package. Parameters are
// written @name and given as pgx.NamedArgs, or $1, $2. The statement carries its name in a
// comment, so that logs and pg_stat_activity show which one it is. Call it only to initialise
// package variables: a test has PostgreSQL parse every statement that is declared this way, and
// refuses text that reaches the database any other way.
func query(name, sql string) string {
	if _, taken := queries[name]; taken {
		panic("store: two queries are named " + name)
	}
	queries[name] = "/* " + name + " */ " + sql
	return queries[name]
}
