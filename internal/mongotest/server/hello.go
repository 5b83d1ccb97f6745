package main

import (
	"encoding/binary"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"
)

// A role is what the server says of itself in its answer to hello, beyond what
// FerretDB says. The zero role is a standalone server.
type role struct {
	set       string // the name of the replica set that it is a member of
	secondary bool   // a member of a set that has no primary
	wire      int    // the newest wire version that it speaks; 0 for FerretDB's
	login     bool   // it wants a login
	addr      string // its own address, the set's only member
}

// isHello tells whether a command asks a server what it is. A driver's first
// message asks so by OP_QUERY, which is used for nothing else.
func isHello(request []byte) bool {
	switch command(request) {
	case "hello", "isMaster", "ismaster":
		return true
	}
	return opcode(request) == opQuery
}

// describe puts the role into an answer to hello.
func (r role) describe(answer []byte) []byte {
	start := documentStart(answer)
	if start == 0 || r == (role{addr: r.addr}) {
		return answer
	}
	var doc bson.D
	if bson.Unmarshal(answer[start:], &doc) != nil {
		return answer
	}
	if r.set != "" {
		doc = with(doc, "setName", r.set)
		doc = with(doc, "setVersion", int32(1))
		doc = with(doc, "me", r.addr)
		doc = with(doc, "hosts", bson.A{r.addr})
		if !r.secondary {
			doc = with(doc, "primary", r.addr)
		}
	}
	if r.secondary {
		doc = with(doc, "ismaster", false)
		doc = with(doc, "isWritablePrimary", false)
		doc = with(doc, "secondary", true)
	}
	if r.wire > 0 {
		doc = with(doc, "minWireVersion", int32(0))
		doc = with(doc, "maxWireVersion", int32(r.wire))
	}
	if r.login {
		doc = with(doc, "saslSupportedMechs", bson.A{mechanism})
	}
	return replaceDocument(answer, start, doc)
}

// with sets one field of a document.
func with(doc bson.D, field string, value any) bson.D {
	for n := range doc {
		if doc[n].Key == field {
			doc[n].Value = value
			return doc
		}
	}
	return append(doc, bson.E{Key: field, Value: value})
}

// documentStart is where the one document of an answer begins: after the header,
// flags and section kind of an OP_MSG, or after the four fields of an OP_REPLY.
// 0 where there is none.
func documentStart(m []byte) int {
	start := headerSize + 4 + 1
	if opcode(m) == opReply {
		start = headerSize + 20
	}
	if len(m) < start+4 {
		return 0
	}
	return start
}

// replaceDocument is the message with another document.
func replaceDocument(m []byte, start int, doc bson.D) []byte {
	raw, err := bson.Marshal(doc)
	if err != nil {
		return m
	}
	m = append(m[:start:start], raw...)
	binary.LittleEndian.PutUint32(m, uint32(len(m)))
	return m
}

// reply is the OP_MSG that answers the request with the document.
func reply(request []byte, doc bson.D) []byte {
	m := make([]byte, headerSize+4+1)
	copy(m[8:12], request[4:8]) // the id that is answered
	binary.LittleEndian.PutUint32(m[12:], opMsg)
	return replaceDocument(m, len(m), doc)
}

// requestDocument is the document of an OP_MSG.
func requestDocument(m []byte) bsoncore.Document {
	if start := documentStart(m); start > 0 {
		doc, _, _ := bsoncore.ReadDocument(m[start:])
		return doc
	}
	return nil
}
