package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// keyFileAccess is who may read and change the file of a master key, and what can be
// done about it.
type keyFileAccess struct {
	path     string
	env      string      // the variable that can hold the key instead
	mode     fs.FileMode // permission bits
	own      bool        // the process owns the file, so it could change the mode
	readOnly bool        // it is on a read-only mount, so nobody here can
}

// check returns an error where the file gives away the key and its mode can be
// changed, and a warning where it gives it away and cannot. Kubernetes and Swarm
// mount secrets read-only, owned by root: 0440 for the group of a process that is not
// root, 0444 by default in Swarm.
func (a keyFileAccess) check() (warning string, err error) {
	const group, others, writable = 0o070, 0o007, 0o022
	switch {
	case runtime.GOOS == "windows" || a.mode&(group|others) == 0:
		return "", nil
	case a.own && !a.readOnly:
		return "", withHint(fmt.Errorf("the master key file %s can be read by other users (mode %04o)", a.path, a.mode), "chmod 600 %s", shellQuote(a.path))
	case a.mode&writable != 0 && !a.readOnly:
		return "", withHint(fmt.Errorf("the master key file %s can be changed by other users (mode %04o)", a.path, a.mode),
			"have its owner give it the mode 0440, or give the key itself in %s", a.env)
	case a.mode&others != 0:
		return fmt.Sprintf("the master key file %s can be read by every user that sees it (mode %04o); mount it with mode 0440 or 0400, or give the key itself in %s", a.path, a.mode, a.env), nil
	}
	return "", nil
}

// onReadOnlyMount tells whether nothing can be changed where the file is.
func onReadOnlyMount(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_ = f.Close() // nothing was written
	}
	return errors.Is(err, syscall.EROFS)
}
