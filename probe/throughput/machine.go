package throughput

import (
	"bytes"
	"slices"
	"strconv"
	"sync"
	"time"

	"vigie/probe"
)

// machine watches how busy and how late our own one is beside a flow: what it cannot send
// or take in time looks like a slow link.
type machine struct {
	busy, all uint64 // processor time at the beginning
	end, done chan struct{}
	once      sync.Once
	late      []time.Duration
}

// wakeEvery is the time between two looks at how late a timer fires.
const wakeEvery = 20 * time.Millisecond

// watchMachine begins; stop has to be called.
func watchMachine() *machine {
	m := &machine{end: make(chan struct{}), done: make(chan struct{})}
	m.busy, m.all = processorTime()
	go func() {
		defer close(m.done)
		for {
			due := time.Now().Add(wakeEvery)
			select {
			case <-m.end:
				return
			case <-time.After(wakeEvery):
				m.late = append(m.late, time.Since(due))
			}
		}
	}()
	return m
}

// stop ends the watch, more than once perhaps.
func (m *machine) stop() {
	m.once.Do(func() { close(m.end) })
	<-m.done
}

// tell ends the watch and writes beside a figure what was seen.
func (m *machine) tell(f *probe.Flow) {
	m.stop()
	f.MachinePermille = -1
	if busy, all := processorTime(); all > m.all && busy >= m.busy {
		f.MachinePermille = int(min(1000, (busy-m.busy)*1000/(all-m.all)))
	}
	if n := len(m.late); n > 0 {
		slices.Sort(m.late)
		f.LateMicros = max(0, m.late[(n*95+99)/100-1].Microseconds())
	}
}

// The first words of the line of all processors in /proc/stat, in the order of proc(5).
const (
	idleWord   = 3
	iowaitWord = 4
	statWords  = 8 // up to steal; guests are in user and nice
)

// readStat reads the processor time since the start of the machine, busy and all of it, in
// its own unit; 0 and 0 for what is no /proc/stat. What a hypervisor took is busy: we do
// not have it either.
func readStat(text []byte) (busy, all uint64) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < statWords+1 || string(words[0]) != "cpu" {
		return 0, 0
	}
	for i, word := range words[1 : statWords+1] {
		n, err := strconv.ParseUint(string(word), 10, 48)
		if err != nil {
			return 0, 0
		}
		all += n
		if i != idleWord && i != iowaitWord {
			busy += n
		}
	}
	return busy, all
}
