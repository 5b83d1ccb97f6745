package main

import (
	"runtime"
	"syscall"
)

// start starts the server so that it ends with this process, however that ends, and in a process
// group of its own, so that Ctrl-C does not end it before the run. The kernel watches the thread
// that started it, so a goroutine keeps that thread.
func (v *benchServer) start() error {
	started := make(chan error, 1)
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := v.cmd.Start()
		started <- err
		if err == nil {
			v.exited <- v.cmd.Wait()
		}
	}()
	return <-started
}
