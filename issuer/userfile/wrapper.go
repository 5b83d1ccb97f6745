package userfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// listNames are the members that hold the users where a file is one object.
var listNames = map[string]bool{"users": true, "items": true}

// newJSONObjects tells one object a line from one object that holds a list of users,
// such as Keycloak's export of a realm, by the first object as far as it is buffered.
func newJSONObjects(in *input) (rowReader, error) {
	ahead, _ := in.r.Peek(MaxLine)
	line, more, ended := bytes.Cut(ahead, []byte("\n"))
	laidOut := ended && !closes(line) && !bytes.HasPrefix(bytes.TrimSpace(more), []byte("{"))
	if laidOut || hasList(line) {
		list := &jsonList{in: in}
		return list, list.find()
	}
	return &jsonLines{in: in}, nil
}

// closes tells whether an object that begins in the line also ends in it.
func closes(line []byte) bool {
	var at jsonNesting
	for _, c := range line {
		at.step(c)
	}
	return at.top()
}

// isUserField tells whether an object with a member of that name is a user itself, so
// that a list in it holds something else.
func isUserField(name string) bool {
	switch fieldAliases[normalize(name)].field {
	case fieldUsername, fieldEmail, fieldHash, fieldPassword:
		return true
	}
	return false
}

// hasList tells whether the object that begins in the text is none of a user, and has a
// list of objects by one of the names, as far as the text goes.
func hasList(text []byte) (found bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return false
	}
	for d.More() {
		t, err := d.Token()
		name, is := t.(string)
		if err != nil || !is {
			return found
		}
		if isUserField(name) {
			return false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return found || listNames[name] // a list that is longer than the text
		}
		if rest, is := bytes.CutPrefix(value, []byte("[")); is && listNames[name] {
			rest = bytes.TrimSpace(rest)
			found = found || bytes.HasPrefix(rest, []byte("{")) || bytes.HasPrefix(rest, []byte("]"))
		}
	}
	return found
}

// jsonList reads the elements of the list of users in one object. Whatever else the
// object holds is passed over, however long it is.
type jsonList struct {
	in    *input
	users *jsonArray
}

func (s *jsonList) next() (row, error) { return s.users.next() }

// errNoList means that the one object of a file has no users in it.
var errNoList = fmt.Errorf("%w: write one JSON object a line, an array of objects, or an object with a list called users or items", ErrFormat)

// find reads up to the beginning of the list.
func (s *jsonList) find() error {
	var at jsonNesting
	var name boundedBuffer
	named := false // name is a whole name that a colon may follow
	for {
		c, err := s.in.readByte()
		if err == io.EOF {
			return errNoList
		}
		if err != nil {
			return err
		}
		if c == '[' && at.depth == 1 && !at.inString && named && listNames[string(name.text)] {
			s.users = &jsonArray{in: s.in, inside: true}
			return nil
		}
		wasInString := at.inString
		at.step(c)
		switch {
		case at.depth != 1:
			named = false
			if at.depth == 0 && c == '}' {
				return errNoList
			}
		case at.inString && !wasInString:
			name, named = boundedBuffer{}, false
		case wasInString && !at.inString:
			named = true
			if isUserField(string(name.text)) {
				return errNoList
			}
		case at.inString:
			name.add(c)
		case c != ':' && !isSpace(c):
			named = false
		}
	}
}
