//go:build !linux

package main

// start starts the server.
func (v *benchServer) start() error {
	if err := v.cmd.Start(); err != nil {
		return err
	}
	go func() { v.exited <- v.cmd.Wait() }()
	return nil
}
