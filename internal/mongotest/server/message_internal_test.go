package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// message builds an OP_MSG whose one document begins with the command's name.
func message(flags uint32, name string) []byte {
	body := append([]byte{0, 0, 0, 0, 0x10}, name...) // document length is not looked at; an int32 element
	body = append(body, 0, 1, 0, 0, 0, 0)
	m := make([]byte, headerSize+4+1, headerSize+4+1+len(body))
	binary.LittleEndian.PutUint32(m[12:], opMsg)
	binary.LittleEndian.PutUint32(m[headerSize:], flags)
	m = append(m, body...)
	binary.LittleEndian.PutUint32(m, uint32(len(m)))
	return m
}

func TestCommandIsTheFirstKey(t *testing.T) {
	for _, name := range []string{"find", "findAndModify", "insert"} {
		if got := command(message(0, name)); got != name {
			t.Errorf("command(%s) = %q", name, got)
		}
	}
}

func TestCommandOfWhatIsNoMessage(t *testing.T) {
	whole := message(0, "insert")
	otherOpcode := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(otherOpcode[12:], 2004)
	sequenceFirst := bytes.Clone(whole)
	sequenceFirst[headerSize+4] = 1
	for what, m := range map[string][]byte{
		"nothing":         nil,
		"header alone":    whole[:headerSize],
		"no name":         whole[:commandName],
		"name not closed": whole[:commandName+3],
		"OP_QUERY":        otherOpcode,
		"other section":   sequenceFirst,
	} {
		if got := command(m); got != "" {
			t.Errorf("%s: command = %q, want none", what, got)
		}
	}
}

func TestUnknownCommandsCountAsWriting(t *testing.T) {
	for name, want := range map[string]bool{
		"find": false, "hello": false, "count": false, "ping": false,
		"insert": true, "update": true, "findAndModify": true, "delete": true, "createIndexes": true, "dropDatabase": true, "": true, "unheardOf": true,
	} {
		if got := writes(name); got != want {
			t.Errorf("writes(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestAnswerIsWantedUnlessMoreIsToCome(t *testing.T) {
	if !wantsAnswer(message(0, "insert")) {
		t.Error("an ordinary message wants an answer")
	}
	if wantsAnswer(message(moreToCome, "insert")) {
		t.Error("a message with moreToCome wants none")
	}
}

func TestReadMessageTakesOneMessageWhole(t *testing.T) {
	one, two := message(0, "find"), message(0, "findAndModify")
	r := bytes.NewReader(append(bytes.Clone(one), two...))
	var buf []byte
	for _, want := range [][]byte{one, two} {
		got, err := readMessage(r, buf)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("readMessage = %q, %v; want %q", got, err, want)
		}
		buf = got
	}
	if _, err := readMessage(r, buf); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want EOF", err)
	}
}

func TestReadMessageRefusesWrongLengths(t *testing.T) {
	whole := message(0, "find")
	if _, err := readMessage(bytes.NewReader(whole[:len(whole)-1]), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
	for _, n := range []uint32{0, headerSize - 1, maxMessage + 1, 1 << 31} {
		m := bytes.Clone(whole)
		binary.LittleEndian.PutUint32(m, n)
		if _, err := readMessage(bytes.NewReader(m), nil); err == nil {
			t.Errorf("length %d accepted", n)
		}
	}
}

func TestMendDuplicateTouchesOnlyBrokenUniqueIndexes(t *testing.T) {
	code := func(n uint32) []byte { return binary.LittleEndian.AppendUint32([]byte("\x10code\x00"), n) }
	broken := append([]byte("...UNIQUE constraint failed: t._ferretdb_sjson..."), code(1)...)
	mendDuplicate(broken)
	if !bytes.HasSuffix(broken, code(11000)) {
		t.Errorf("not mended: %q", broken)
	}
	other := append([]byte("disk I/O error"), code(1)...)
	want := bytes.Clone(other)
	if mendDuplicate(other); !bytes.Equal(other, want) {
		t.Errorf("another error was changed: %q", other)
	}
}
