package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/chromedp/chromedp"

	"vigie/internal/app"
	"vigie/internal/lab"
)

// startDemo serves the demo from a directory of its own until the test ends.
func startDemo(t *testing.T) (base, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "vigie-demo-")
	if err != nil {
		t.Fatal(err)
	}
	// The database's own account passes through.
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	configuration := app.DefaultConfiguration()
	configuration.Listen = "127.0.0.1:0"
	server, err := app.Start(t.Context(), app.Options{
		Dir: dir, Configuration: configuration, Demo: true,
		Say: func(line string) { t.Log(line) }, Progress: func(int, string) {},
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	return "http://" + server.Address(), dir
}

func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine: the browser test is skipped")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU)
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// see waits until the page shows what an expression asks for.
func see(ctx context.Context, t *testing.T, within time.Duration, what, expression string) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		seen, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if err == nil && seen {
			return
		}
		if time.Now().After(deadline) {
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
			t.Fatalf("within %s the page does not show %s (last error: %v); it shows:\n%s", within, what, err, text)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func TestALinkTurnsRedInABrowserAndItsTicketAppears(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a whole demo")
	}
	if os.Geteuid() != 0 {
		t.Skip("the lab needs root: the browser test is skipped")
	}
	ctx := browser(t)
	base, dir := startDemo(t)
	const ref = "BRE-1001" // not in the demo's script
	row := fmt.Sprintf(`[...document.querySelectorAll("tr")].find(r => r.textContent.includes(%q))`, ref)

	do(ctx, t, chromedp.Navigate(base+"/"))
	see(ctx, t, 10*time.Second, "the sign-in form", `!!document.querySelector("input[name=password]")`)
	do(ctx, t,
		chromedp.SendKeys("input[name=login]", "reseau"),
		chromedp.SendKeys("input[name=password]", "demo-reseau"),
		chromedp.Click(`form[action*="signin"] button`))
	see(ctx, t, 10*time.Second, "the board", `document.body.textContent.includes("`+ref+`")`)

	active, err := app.Connect(dir).BeginFault(t.Context(), lab.Fault{Kind: lab.KindCut, Target: ref})
	if err != nil {
		t.Fatal(err)
	}
	// No reload: the page follows by itself.
	see(ctx, t, 60*time.Second, ref+" down", row+`.querySelector(".state.down") !== null`)

	do(ctx, t, chromedp.Navigate(base+"/tickets"))
	see(ctx, t, 60*time.Second, "the ticket of "+ref, `document.body.innerText.includes("`+ref+`") && /VIGIE-\d{4}-\d{6}/.test(document.body.innerText)`)
	waitForMail(t, dir, ref)
	if err := app.Connect(dir).EndFault(t.Context(), active.ID); err != nil {
		t.Fatal(err)
	}
}

// waitForMail waits until an operator received a message about the link.
func waitForMail(t *testing.T, dir, ref string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		mails, err := app.Connect(dir).Mails(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mails {
			if strings.Contains(m.Subject, ref) {
				return
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("no operator received a message about %s", ref)
}
