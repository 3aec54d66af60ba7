package stamp_test

import (
	"context"
	"fmt"
	"time"

	"vigie/probe/stamp"
)

func Example() {
	reflector, err := stamp.Listen(stamp.ReflectorOptions{Listen: "127.0.0.1:0", Rate: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- reflector.Serve(ctx) }()

	o := stamp.Options{Reflector: reflector.Addr(), Count: 3, Interval: 20 * time.Millisecond, Timeout: 5 * time.Second}
	answered := 0
	standing, err := stamp.Run(ctx, o, func(p stamp.Packet, _ stamp.Standing) {
		if !p.Lost && !p.Unsent {
			answered++
		}
	})
	cancel()
	fmt.Println(answered, "of", o.Count, "answered;", standing.Duplicates, "twice;", err, <-served)
	// Output: 3 of 3 answered; 0 twice; <nil> <nil>
}
