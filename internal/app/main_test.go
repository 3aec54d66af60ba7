package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"vigie/internal/outpost"
	"vigie/internal/store/storetest"
	"vigie/internal/vantage"
)

// asProber names the credential with which this program is a prober elsewhere, so that a
// test can kill one.
const asProber = "VIGIE_TEST_CREDENTIAL"

func TestMain(m *testing.M) {
	if file := os.Getenv(asProber); file != "" {
		if err := beProber(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(storetest.Main(m))
}

// beProber keeps its data in the working directory.
func beProber(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	credential, err := vantage.ParseCredential(content)
	if err != nil {
		return err
	}
	return outpost.Run(context.Background(), outpost.Options{
		Credential: credential, Dir: ".", Say: func(line string) { fmt.Fprintln(os.Stderr, line) },
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
}
