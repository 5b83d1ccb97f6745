// Package strictjson reads JSON objects so that no two readers can disagree on
// what they say. It refuses a member name that is repeated in any object,
// however deep and in whatever spelling (RFC 7519 §4, RFC 8259 §4), text that is
// not UTF-8 (RFC 8259 §8.1), anything behind the object, more members than the
// caller allows and nesting beyond [MaxDepth]. Names are compared byte for byte:
// `Alg` is not `alg`.
//
// Values are returned as JSON text. [String] and [Strings] read them; other
// types are left to encoding/json. No error repeats what the text says.
package strictjson
