package sqlite

import (
	"context"
	"errors"
	"strings"

	"example.org/signet/storage"
)

// madeColumn keeps what many sessions have alike (scopes, audience, device) as the key of one text.
var madeColumn = column[storage.Session]{
	name:  "made",
	bind:  func(s *storage.Session) any { return sessionText(s) },
	scan:  func(s *storage.Session) any { return sessionTextColumn{s} },
	write: "(SELECT key FROM session_texts WHERE text = ?)",
	read:  "(SELECT text FROM session_texts WHERE key = made)",
}

// sessionText is two lists as JSON, which has no line feed, and the device.
func sessionText(s *storage.Session) string {
	return encodeList(s.Scopes) + "\n" + encodeList(s.Audience) + "\n" + s.Device
}

type sessionTextColumn struct{ of *storage.Session }

func (c sessionTextColumn) Scan(src any) error { return scanText(c, src) }

func (c sessionTextColumn) setText(text string) (err error) {
	scopes, rest, found := strings.Cut(text, "\n")
	audience, device, foundDevice := strings.Cut(rest, "\n")
	if !found || !foundDevice {
		return errors.New("session text: a line feed is missing")
	}
	if c.of.Scopes, err = decodeList(scopes); err != nil {
		return err
	}
	c.of.Audience, err = decodeList(audience)
	c.of.Device = device
	return err
}

// textReserve is how many sessions more may refer to a text before its row is written again.
const textReserve = 1 << 16

const (
	// leftOfText is how far the bound of a text is ahead of the newest session.
	leftOfText = query("SELECT until - coalesce((SELECT max(rowid) FROM sessions), 0) FROM session_texts WHERE text = ?")
	putText    = query("INSERT INTO session_texts (text, until) SELECT ?1, coalesce(max(rowid), 0) + ?2 FROM sessions WHERE TRUE" +
		" ON CONFLICT (text) DO UPDATE SET until = max(until, excluded.until)")

	// sweepTexts deletes those to which no session refers: all that are left are newer than the bound. Where
	// none is left, nothing is known.
	sweepTexts = query("DELETE FROM session_texts WHERE key IN (SELECT key FROM session_texts" +
		" WHERE until < coalesce((SELECT min(rowid) FROM sessions), ?) ORDER BY until LIMIT ? + 0)")
)

// keepSessionText makes sure that there is the text of a session that is about to be inserted, and that its
// bound is not below the session's rowid: that is at most one above the greatest.
func keepSessionText(t *tx, s *storage.Session) error {
	text := sessionText(s)
	left, err := queryOne(t, leftOfText, scanInt64, text)
	if err == nil && left > 0 || err != nil && !notFound(err) {
		return err
	}
	_, err = t.exec(putText, text, int64(textReserve))
	return err
}

func scanInt64(row scanner) (v int64, err error) {
	err = row.Scan(&v)
	return v, err
}

// sweepSessionTexts deletes up to limit texts to which no session refers.
func (s *Store) sweepSessionTexts(ctx context.Context, limit int) error {
	_, err := s.sweep(ctx, "sweep session texts", sweepTexts, int64(0), limit)
	return err
}
