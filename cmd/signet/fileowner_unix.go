//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByMe tells whether the process's user owns the file.
func ownedByMe(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Geteuid()
}
