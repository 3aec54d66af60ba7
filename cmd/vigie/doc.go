// Command vigie is the whole of Vigie: the server and the commands that ask it.
//
// It is thin: each command reads its arguments, calls internal/app, and prints
// the answer. Results go to standard output, everything else to standard error;
// the exit status is 0, 1 for a failure and 2 for a wrong command line.
package main
