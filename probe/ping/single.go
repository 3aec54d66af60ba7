package ping

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	probing "github.com/prometheus-community/pro-bing"
	"golang.org/x/net/icmp"

	"vigie/probe"
)

// single measures one host with an echo of pro-bing at a time; one that waits for its
// answer does not hold up the next.
func (m measuring) single(ctx context.Context, host int) error {
	var waiting sync.WaitGroup
	defer waiting.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the wait: an error ends what is under way
	failed := make(chan error, 1)
	privileged, err := m.privileged(host)
	if err != nil {
		return err
	}
	for seq := 0; m.Count == 0 || seq < m.Count; seq++ {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-time.After(time.Until(m.due(host, seq))):
		}
		waiting.Go(func() {
			if err := m.echo(ctx, host, seq, privileged); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	waiting.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// privileged reports whether a raw socket must be used: where the machine allows ping
// sockets, it need not. An error when it allows neither.
func (m measuring) privileged(host int) (bool, error) {
	kinds := [2]string{"udp6", "ip6:ipv6-icmp"}
	if m.Hosts[host].Is4() {
		kinds = [2]string{"udp4", "ip4:icmp"}
	}
	for i, kind := range kinds {
		socket, err := icmp.ListenPacket(kind, "")
		switch {
		case err == nil:
			return i == 1, socket.Close()
		case !errors.Is(err, os.ErrPermission):
			return false, fmt.Errorf("ping %s: %w", m.Hosts[host], err)
		}
	}
	return false, fmt.Errorf("ping %s: not allowed to send echoes: grant CAP_NET_RAW, or add the group of this process to net.ipv4.ping_group_range: %w",
		m.Hosts[host], os.ErrPermission)
}

func (m measuring) pinger(host int, privileged bool) *probing.Pinger {
	p := probing.New("")
	p.SetIPAddr(&net.IPAddr{IP: m.Hosts[host].AsSlice(), Zone: m.Hosts[host].Zone()})
	p.SetPrivileged(privileged)
	p.SetLogger(probing.NoopLogger{})
	p.Count, p.Timeout, p.RecordRtts = 1, m.Timeout, true
	return p
}

// echo sends one echo and reports it, unless the context ends before its outcome.
func (m measuring) echo(ctx context.Context, host, seq int, privileged bool) error {
	p := m.pinger(host, privileged)
	err := p.RunWithContext(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("ping %s: %w", m.Hosts[host], err)
	}
	said := p.Statistics()
	e := Echo{Host: host, Seq: seq, RTTMicros: probe.Lost, OneByOne: true, Unsent: err != nil || said.PacketsSent == 0}
	if err != nil {
		e.Refusal = err.Error()
	}
	if len(said.Rtts) > 0 {
		e.RTTMicros = int32(said.Rtts[0].Round(time.Microsecond).Microseconds())
	}
	m.report(e)
	return nil
}
