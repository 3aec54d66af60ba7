package app

import (
	"os"
	"testing"

	"vigie/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
