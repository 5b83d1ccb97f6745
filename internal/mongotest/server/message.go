package main

import (
	"bytes"
	"encoding/binary"
	"io"
)

// The parts of a MongoDB wire message that the proxy looks at: a header of
// four 32-bit words (length, id, answered id, opcode), then for OP_MSG the
// flags and the first section, whose document's first key is the command.
const (
	headerSize  = 16
	maxMessage  = 48_000_000
	opReply     = 1
	opQuery     = 2004
	opMsg       = 2013
	moreToCome  = 2 // flag bit: the sender expects no answer
	commandName = headerSize + 4 + 1 + 4 + 1
)

// readMessage reads one message, into buf where it is large enough.
func readMessage(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < headerSize || n > maxMessage {
		return nil, io.ErrUnexpectedEOF
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	copy(buf, head[:])
	_, err := io.ReadFull(r, buf[len(head):])
	return buf, err
}

// opcode is what kind of message m is.
func opcode(m []byte) uint32 {
	if len(m) < headerSize {
		return 0
	}
	return binary.LittleEndian.Uint32(m[12:])
}

// isMsg tells whether m is an OP_MSG with its flags.
func isMsg(m []byte) bool {
	return len(m) >= headerSize+4 && opcode(m) == opMsg
}

// wantsAnswer tells whether the sender of m waits for an answer to it.
func wantsAnswer(m []byte) bool {
	return !isMsg(m) || binary.LittleEndian.Uint32(m[headerSize:])&moreToCome == 0
}

// command is the name of the command in m, or "" where it cannot be seen.
func command(m []byte) string {
	if !isMsg(m) || len(m) < commandName || m[headerSize+4] != 0 {
		return ""
	}
	name, _, ok := bytes.Cut(m[commandName:], []byte{0})
	if !ok {
		return ""
	}
	return string(name)
}

// writes tells whether a command may change something. One that is not known
// to only read counts as writing.
func writes(command string) bool {
	switch command {
	case "hello", "ismaster", "isMaster", "ping", "buildInfo", "saslStart", "saslContinue",
		"find", "count", "distinct", "aggregate",
		"listIndexes", "listCollections", "listDatabases", "endSessions":
		return false
	}
	return true
}

// continues tells whether a command goes on with a cursor that is open. An open
// cursor keeps writers waiting inside FerretDB, so what drains or closes it may
// not wait for them in turn.
func continues(command string) bool { return command == "getMore" || command == "killCursors" }

// mendDuplicate gives an answer that reports a broken unique index the code
// that MongoDB gives it, 11000. FerretDB v1 does so for insert alone; update,
// findAndModify and createIndexes say code 1.
func mendDuplicate(answer []byte) {
	if !bytes.Contains(answer, []byte("UNIQUE constraint failed")) {
		return
	}
	internalError := []byte("\x10code\x00\x01\x00\x00\x00")
	if i := bytes.Index(answer, internalError); i >= 0 {
		binary.LittleEndian.PutUint32(answer[i+len("\x10code\x00"):], 11000)
	}
}
