//go:build !linux

package main

// unmapUnusedFilePages: only Linux says which pages they are.
func unmapUnusedFilePages() {}
