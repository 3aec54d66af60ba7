package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vigie/internal/access"
	"vigie/internal/app"
	"vigie/internal/httpd/api"
)

type userCommand struct {
	Add      userAddCommand      `cmd:"" help:"Add somebody who may sign in."`
	List     userListCommand     `cmd:"" help:"List those who may sign in."`
	Password userPasswordCommand `cmd:"" help:"Give somebody another password; their sessions end."`
	Disable  userDisableCommand  `cmd:"" help:"Let somebody in no more, nor their programs."`
	Enable   userEnableCommand   `cmd:"" help:"Let somebody in again."`
}

// Help gives examples.
func (userCommand) Help() string {
	return `Examples:
  vigie user add ada --name "Ada Martin" --role network --everything
  vigie user add max --name "Max Petit" --role finance --territory meuse --generate-password
  vigie user list
  vigie user password ada
  vigie user disable max`
}

type userAddCommand struct {
	Login        string   `arg:"" help:"What they sign in with: lower case, without spaces."`
	Name         string   `help:"Name, as pages show it." required:""`
	Role         string   `help:"What they do: admin, network, finance or auditor." required:"" enum:"admin,network,finance,auditor"`
	Organisation string   `help:"The member they belong to, by its key." placeholder:"KEY"`
	Territory    []string `help:"What they see: the sites of these members, by key, separated by commas." placeholder:"KEY" xor:"territory"`
	Everything   bool     `help:"They see everything." xor:"territory"`
	passwordFlags
}

// Help gives examples.
func (userAddCommand) Help() string {
	return `Examples:
  vigie user add ada --name "Ada Martin" --role network --everything
  vigie user add max --name "Max Petit" --role finance --territory meuse,cea --generate-password`
}

// Run adds a person.
func (c userAddCommand) Run(s surroundings) error {
	if !c.Everything && len(c.Territory) == 0 {
		return &usageError{"say what they see: --territory KEY,KEY or --everything"}
	}
	hash, told, err := c.hash(s, c.Login)
	if err != nil {
		return err
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	added, err := commands.AddPerson(s.ctx, app.NewPerson{Person: app.Person{
		Login: c.Login, Name: c.Name, Role: c.Role, Organisation: c.Organisation, Everything: c.Everything, Territory: c.Territory,
	}, PasswordHash: hash})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%sadded %s as person %d\n", told, added.Login, added.ID)
	return err
}

type userListCommand struct {
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (userListCommand) Help() string {
	return `Examples:
  vigie user list
  vigie user list --format csv > people.csv`
}

// Run lists everybody.
func (c userListCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	people, err := commands.People(s.ctx)
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, people)
	case "csv":
		return api.WriteCSV(s.out, people)
	}
	rows := []row{{"login", "name", "role", "organisation", "sees", "state"}}
	for _, p := range people {
		sees, state := strings.Join(p.Territory, " "), ""
		if p.Everything {
			sees = "everything"
		}
		if p.Disabled {
			state = "disabled"
		}
		rows = append(rows, row{p.Login, p.Name, p.Role, p.Organisation, sees, state})
	}
	writeRows(s.out, rows)
	return nil
}

type userPasswordCommand struct {
	Login string `arg:"" help:"Whose password."`
	passwordFlags
}

// Help gives examples.
func (userPasswordCommand) Help() string {
	return `Examples:
  vigie user password ada
  vigie user password ada --generate-password`
}

// Run changes a password.
func (c userPasswordCommand) Run(s surroundings) error {
	hash, told, err := c.hash(s, c.Login)
	if err != nil {
		return err
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	if err := commands.SetPassword(s.ctx, app.PasswordChange{Login: c.Login, PasswordHash: hash}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%spassword of %s changed, sessions ended\n", told, c.Login)
	return err
}

type userDisableCommand struct {
	Login string `arg:"" help:"Who."`
}

// Help gives examples.
func (userDisableCommand) Help() string {
	return `Examples:
  vigie user disable max`
}

// Run disables a person.
func (c userDisableCommand) Run(s surroundings) error {
	return s.disable(app.DisableChange{Login: c.Login, Disable: true}, "disabled")
}

type userEnableCommand struct {
	Login string `arg:"" help:"Who."`
}

// Help gives examples.
func (userEnableCommand) Help() string {
	return `Examples:
  vigie user enable max`
}

// Run enables a person again.
func (c userEnableCommand) Run(s surroundings) error {
	return s.disable(app.DisableChange{Login: c.Login}, "enabled")
}

func (s surroundings) disable(c app.DisableChange, done string) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	if err := commands.Disable(s.ctx, c); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s is %s\n", c.Login, done)
	return err
}

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token for somebody's program; it is printed this once."`
	List   tokenListCommand   `cmd:"" help:"List somebody's tokens."`
	Revoke tokenRevokeCommand `cmd:"" help:"End a token at once."`
}

// Help gives examples.
func (tokenCommand) Help() string {
	return `A program sends its token as the header Authorization: Bearer, to /api/v1.

Examples:
  vigie token create ada --name grafana --role auditor --days 365
  vigie token list ada
  vigie token revoke ada 12`
}

type tokenCreateCommand struct {
	Login string `arg:"" help:"In whose name it asks."`
	Name  string `help:"Which program." required:""`
	Role  string `help:"Its rights, at most the person's; theirs without it." enum:",admin,network,finance,auditor" default:"" placeholder:"ROLE"`
	Days  int    `help:"How long it works, at most 366." default:"90"`
}

// Help gives examples.
func (tokenCreateCommand) Help() string {
	return `Examples:
  vigie token create ada --name grafana --role auditor --days 365`
}

// Run makes a token and prints it alone, so that a script can take it.
func (c tokenCreateCommand) Run(s surroundings) error {
	if longest := int(access.MaxLife / (24 * time.Hour)); c.Days < 1 || c.Days > longest {
		return &usageError{fmt.Sprintf("--days: %d, expected 1 to %d", c.Days, longest)}
	}
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	made, err := commands.MakeToken(s.ctx, app.TokenRequest{Login: c.Login, Name: c.Name, Role: c.Role, Days: c.Days})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, made.Token)
	return err
}

type tokenListCommand struct {
	Login  string `arg:"" help:"Whose tokens."`
	Format string `help:"Form of the result." enum:"table,json,csv" default:"table"`
}

// Help gives examples.
func (tokenListCommand) Help() string {
	return `Examples:
  vigie token list ada
  vigie token list ada --format json`
}

// Run lists a person's tokens.
func (c tokenListCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	tokens, err := commands.Tokens(s.ctx, app.TokenQuestion{Login: c.Login})
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return writeJSON(s.out, tokens)
	case "csv":
		return api.WriteCSV(s.out, tokens)
	}
	rows := []row{{"id", "name", "role", "state", "made", "expires", "last used"}}
	for _, t := range tokens {
		state := "works"
		switch {
		case t.RevokedAt != nil:
			state = "revoked"
		case !t.Works:
			state = "expired"
		}
		rows = append(rows, row{strconv.FormatInt(t.ID, 10), t.Name, t.Role, state, s.when(&t.CreatedAt), s.when(&t.ExpiresAt), s.when(t.LastUsedAt)})
	}
	writeRows(s.out, rows)
	return nil
}

type tokenRevokeCommand struct {
	Login string `arg:"" help:"Whose token."`
	ID    int64  `arg:"" help:"Its id in vigie token list."`
}

// Help gives examples.
func (tokenRevokeCommand) Help() string {
	return `Examples:
  vigie token revoke ada 12`
}

// Run revokes a token.
func (c tokenRevokeCommand) Run(s surroundings) error {
	commands, err := s.reach()
	if err != nil {
		return err
	}
	defer s.leave(commands)
	if err := commands.RevokeToken(s.ctx, app.TokenRevocation{Login: c.Login, ID: c.ID}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "token %d of %s is revoked\n", c.ID, c.Login)
	return err
}
