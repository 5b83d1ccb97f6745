package e2e_test

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the system kill the child where the tests themselves are
// killed, and no clean-up can run.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
