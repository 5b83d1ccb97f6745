package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// unmapUnusedFilePages takes the pages of the program's own file out of the resident set. They
// stay in the system's page cache, and those that are needed again come back by a minor fault:
// what is left is what a running server needs, without what only its start did. It leaves a
// mapping alone that is writable, or has pages of its own, such as relocated data.
func unmapUnusedFilePages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close() // read only
	var m mapping
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if next, ok := parseMapping(fields); ok {
			m = next
		}
		if fields[0] == "Anonymous:" && len(fields) > 1 && fields[1] == "0" && m.file == program && !strings.Contains(m.access, "w") {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED) // nothing is lost if it fails
		}
	}
}

// mapping is one mapping of the process's memory, as /proc/self/smaps has it.
type mapping struct {
	from, to uintptr
	access   string
	file     string // empty where there is none
}

// parseMapping parses the first line of a mapping; ok is false for any other line.
func parseMapping(fields []string) (m mapping, ok bool) {
	from, to, ok := strings.Cut(fields[0], "-")
	if !ok || len(fields) < 5 {
		return m, false
	}
	begin, errFrom := strconv.ParseUint(from, 16, strconv.IntSize)
	end, errTo := strconv.ParseUint(to, 16, strconv.IntSize)
	m = mapping{from: uintptr(begin), to: uintptr(end), access: fields[1]}
	if len(fields) > 5 {
		m.file = fields[5]
	}
	return m, errFrom == nil && errTo == nil && end > begin
}
