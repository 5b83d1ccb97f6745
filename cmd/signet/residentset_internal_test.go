//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestParseMapping(t *testing.T) {
	for _, c := range []struct {
		line string
		want mapping
		ok   bool
	}{
		{"00400000-00f03000 r-xp 00000000 fe:00 123 /usr/bin/signet", mapping{0x400000, 0xf03000, "r-xp", "/usr/bin/signet"}, true},
		{"c000000000-c000c00000 rw-p 00000000 00:00 0", mapping{0xc000000000, 0xc000c00000, "rw-p", ""}, true},
		{"Rss:                 10188 kB", mapping{}, false},
		{"VmFlags: rd ex mr mw me", mapping{}, false},
		{"f000-0000 r--p 00000000 fe:00 123 /x", mapping{0xf000, 0, "r--p", "/x"}, false},
	} {
		if got, ok := parseMapping(strings.Fields(c.line)); ok != c.ok || ok && got != c.want {
			t.Errorf("%s: got %+v, %v", c.line, got, ok)
		}
	}
}

// The pages of the program's file leave the resident set, and the program goes on.
func TestUnmapUnusedFilePages(t *testing.T) {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	before := residentFilePages(t)
	unmapUnusedFilePages()
	if after := residentFilePages(t); after >= before {
		t.Errorf("%d kB of files were resident, %d kB are now", before, after)
	}
	again, err := os.ReadFile("/proc/self/exe")
	if err != nil || string(again) != string(program) {
		t.Errorf("the program's file has changed: %v", err)
	}
}

// residentFilePages returns the resident pages of files, in kB.
func residentFilePages(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	var kilobytes int
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes
}
