package icmp_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"vigie/probe"
)

// tunnel is a network interface of a namespace, 10.67.0.1/16, behind which a program
// of ours answers the echoes to all other addresses of its network, but the dead.
type tunnel struct {
	device  *os.File
	stopped chan struct{}
}

// newTunnel makes the interface, or skips the test where that is not allowed.
func newTunnel(t *testing.T, n *namespace, dead func(netip.Addr) bool) *tunnel {
	t.Helper()
	tun := &tunnel{stopped: make(chan struct{})}
	err := n.run(func() (err error) {
		tun.device, err = openTunnel()
		return err
	})
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	if err != nil {
		t.Fatalf("make an interface: %v", err)
	}
	go func() {
		defer close(tun.stopped)
		var packet [1500]byte
		for {
			length, err := tun.device.Read(packet[:])
			if err != nil {
				return // removed
			}
			// The kernel sends other things through a new interface too.
			if p := packet[:length]; length >= 28 && p[0] == 0x45 && p[9] == 1 && p[20] == 8 && !dead(netip.AddrFrom4([4]byte(p[16:20]))) {
				source := [4]byte(p[12:16])
				copy(p[12:16], p[16:20])
				copy(p[16:20], source[:])
				p[20] = 0
				resum(p[20:])
				if _, err := tun.device.Write(p); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(tun.remove)
	return tun
}

// remove takes the interface away; it may be called twice.
func (tun *tunnel) remove() {
	tun.device.Close()
	<-tun.stopped
}

// openTunnel makes a TUN interface in the namespace of the calling thread, up and with
// its address. It lives as long as the file.
func openTunnel() (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	control, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	defer unix.Close(control)
	set := func(on int, request uint, fill func(*unix.Ifreq) error) {
		if err != nil {
			return
		}
		var r *unix.Ifreq
		if r, err = unix.NewIfreq("line0"); err != nil {
			return
		}
		if err = fill(r); err == nil {
			err = unix.IoctlIfreq(on, request, r)
		}
	}
	set(fd, unix.TUNSETIFF, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI); return nil })
	set(control, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{10, 67, 0, 1}) })
	set(control, unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 0, 0}) })
	set(control, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil })
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun"), nil
}

// behind returns count targets behind a tunnel.
func behind(count int) []probe.Target {
	list := make([]probe.Target, count)
	for i := range list {
		at := binary.BigEndian.AppendUint32(nil, 10<<24|67<<16|2+uint32(i))
		list[i] = probe.Target{ID: int64(i + 1), Kind: probe.Link, Addr: netip.AddrFrom4([4]byte(at))}
	}
	return list
}
