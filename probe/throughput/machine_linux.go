package throughput

import "os"

// processorTime is that of all processors, busy and all of it; 0 and 0 where the kernel
// does not tell.
func processorTime() (busy, all uint64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	return readStat(text)
}
