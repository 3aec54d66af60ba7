package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vigie/internal/httpd"
)

// passwordFlags say where a new password comes from; without one it is asked for on
// the terminal, twice and unseen.
type passwordFlags struct {
	PasswordStdin    bool `help:"Read the password from standard input, one line." xor:"password"`
	GeneratePassword bool `help:"Make a password and print it, once." xor:"password"`
}

// hash gets a password and returns its hash, with what is to be told of it when it was
// saved: nothing, unless it was made here.
func (p passwordFlags) hash(s surroundings, login string) (hash, told string, err error) {
	password, err := p.get(s, login)
	if err != nil {
		return "", "", err
	}
	if hash, err = httpd.HashPassword(password); err != nil {
		return "", "", err
	}
	if p.GeneratePassword {
		told = fmt.Sprintf("password of %s: %s\n", login, password)
	}
	return hash, told, nil
}

func (p passwordFlags) get(s surroundings, login string) (string, error) {
	switch {
	case p.GeneratePassword:
		return rand.Text(), nil
	case p.PasswordStdin:
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	case !isTerminal(os.Stdin):
		return "", &usageError{"no terminal to ask for a password: give --password-stdin or --generate-password"}
	}
	first, err := askUnseen(s.talk, "Password of "+login+" (8 characters or more): ")
	if err != nil {
		return "", err
	}
	again, err := askUnseen(s.talk, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ: nothing was saved")
	}
	return first, nil
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// askUnseen reads a line from the terminal while it shows nothing of it.
func askUnseen(talk io.Writer, question string) (answer string, err error) {
	terminal := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	unseen := *before
	unseen.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(terminal, unix.TCSETS, &unseen); err != nil {
		return "", fmt.Errorf("read the password unseen: %w", err)
	}
	defer func() {
		err = errors.Join(err, unix.IoctlSetTermios(terminal, unix.TCSETS, before))
		fmt.Fprintln(talk)
	}()
	return askLine(talk, question)
}

// askLine asks on the terminal and reads one line, byte by byte: what follows belongs
// to the next question.
func askLine(talk io.Writer, question string) (string, error) {
	fmt.Fprint(talk, question)
	var line []byte
	var one [1]byte
	for {
		n, err := os.Stdin.Read(one[:])
		switch {
		case n == 1 && one[0] == '\n':
			return strings.TrimSpace(string(line)), nil
		case err != nil:
			return "", fmt.Errorf("read an answer: %w", err)
		case n == 1:
			line = append(line, one[0])
		}
	}
}
