package issuer

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// ErrPreconditionFailed means that the record is no longer as the caller last saw it.
// Nothing was done.
var ErrPreconditionFailed = errors.New("the record has changed since")

// revision names one state of a record. The time is part of it because a record
// that was deleted and made again counts its versions anew.
func revision(created time.Time, version int64) string {
	return strconv.FormatInt(created.UnixMilli(), 36) + "-" + strconv.FormatInt(version, 36)
}

// Precondition is the revisions in one of which a record must be for a change
// to be made; "*" stands for any, nil for no condition (RFC 9110 §13.1.1).
type Precondition []string

func (p Precondition) check(revision string) error {
	if p == nil || slices.Contains(p, revision) || slices.Contains(p, "*") {
		return nil
	}
	return ErrPreconditionFailed
}
