// Package attribute decides about the attributes that the operator gives to users: which
// definitions are allowed, which values fit, who sees and who sets them, and which claims they
// become. It calls no store but to fill its [Cache].
//
// The values of a user are one JSON object in [storage.User].Attributes, by the name of the
// attribute. With each value stands when its attribute was defined: a value of an attribute
// that was deleted counts no more, also where one of that name is defined again.
package attribute
