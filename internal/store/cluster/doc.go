// Package cluster runs the private PostgreSQL of one Vigie: it finds the server binaries, makes
// the database once, starts the server, restarts it when it dies, and stops it.
//
// One directory holds everything: lock (held by the one Vigie that uses it), data (the database),
// socket and postgres.log. The server listens on a Unix socket only. Who may connect is decided
// by file permissions and nothing else: the directory and the socket's own directory are 0700 and
// belong to the account the server runs as, which is Vigie's own account, or the system user
// postgres when Vigie is root (PostgreSQL refuses to run as root). So root, that account and
// nobody else reach the socket, and authentication behind it is "trust".
//
// Any of the processes may be killed at any moment. The server is told to shut down by the kernel
// when Vigie dies; the next Start waits until the last server process has left the data
// directory, and only then removes what a killed server leaves behind. A server that dies while
// Vigie lives is started again, with a growing pause between attempts. A database whose making
// was interrupted is made again: it gets its final name only when complete.
//
// The package never touches another PostgreSQL cluster of the machine, installs nothing, upgrades
// no database to a newer major version, and knows no table. It needs Linux (parent-death signal,
// /proc).
package cluster
