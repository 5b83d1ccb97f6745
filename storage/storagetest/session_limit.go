package storagetest

import (
	"testing"
	"time"

	"example.org/signet/storage"
)

// Which sessions a filter finds, and which ones a bound finds too many.
var sessionLimitContracts = []contract{
	{"Excess", sessionExcess},
	{"ExcessOfTheSameMoment", sessionExcessTies},
	{"FilterAlive", sessionFilterAlive},
	{"FilterEpochs", sessionFilterEpochs},
	{"RevokeAllButOne", sessionRevokeAllButOne},
}

// owner is whose sessions newSession makes.
var owner = storage.SessionOwner{UserID: newSession(1).UserID, ClientID: newSession(1).ClientID}

// wantExcess names sessions by their numbers.
func wantExcess(t *testing.T, s storage.Store, of storage.SessionOwner, at, idleSince time.Time, keep, limit int, want ...int) {
	t.Helper()
	got, err := s.ExcessSessions(t.Context(), of, at, idleSince, keep, limit)
	noErr(t, "ExcessSessions", err)
	var ids []string
	for _, n := range want {
		ids = append(ids, newSession(n).ID)
	}
	wantEqual(t, "sessions too many", got, ids)
}

func sessionExcess(t *testing.T, s storage.Store) {
	for _, n := range []int{3, 1, 5, 2, 4} {
		createSession(t, s, newSession(n))
	}
	for _, spoil := range []func(*storage.Session){
		func(v *storage.Session) { v.UserID = "user-id-002" },
		func(v *storage.Session) { v.ClientID = "client-002" },
		func(v *storage.Session) { v.RevokedAt = start },
		func(v *storage.Session) { v.ExpiresAt = start.Add(time.Minute) },
		func(v *storage.Session) { v.RotatedAt = start.Add(-time.Minute) },
	} {
		v := newSession(9)
		spoil(&v)
		v.ID += v.UserID + v.ClientID + v.ExpiresAt.String() + v.RotatedAt.String() + v.RevokedAt.String()
		createSession(t, s, v)
	}
	at, idle := start.Add(time.Minute), start.Add(-time.Minute)
	wantExcess(t, s, owner, at, idle, 0, 10, 5, 4, 3, 2, 1)
	wantExcess(t, s, owner, at, idle, 3, 10, 2, 1)
	wantExcess(t, s, owner, at, idle, 3, 1, 2)
	wantExcess(t, s, owner, at, idle, 5, 10)
	wantExcess(t, s, owner, at, idle, 50, 10)
	wantExcess(t, s, owner, at.Add(time.Hour), idle, 0, 10)
	wantExcess(t, s, owner, at, newSession(4).RotatedAt, 0, 10, 5)
	wantExcess(t, s, storage.SessionOwner{UserID: owner.UserID}, at, idle, 0, 10)
}

// sessionExcessTies: all who look see the same order.
func sessionExcessTies(t *testing.T, s storage.Store) {
	for _, n := range []int{2, 3, 1} {
		v := newSession(n)
		v.CreatedAt = start
		createSession(t, s, v)
	}
	wantExcess(t, s, owner, start, start.Add(-time.Minute), 1, 10, 2, 1)
}

func sessionFilterAlive(t *testing.T, s storage.Store) {
	for n := range 4 {
		createSession(t, s, newSession(n))
	}
	noErr(t, "RevokeSession", s.RevokeSession(t.Context(), newSession(2).ID, start, "logout"))
	end := newSession(0).ExpiresAt
	alive := storage.SessionFilter{AliveAt: end.Add(-time.Millisecond)}
	wantEqual(t, "the living", listAll(t, 2, listSessions(t, s, alive)), []string{newSession(0).ID, newSession(1).ID, newSession(3).ID})
	wantEqual(t, "the living at the end", listAll(t, 2, listSessions(t, s, storage.SessionFilter{AliveAt: end})), nil)
}

func sessionFilterEpochs(t *testing.T, s storage.Store) {
	for n := range 4 {
		createSession(t, s, newSession(n))
	}
	third := newSession(2)
	for _, f := range []storage.SessionFilter{{UserEpochBelow: third.UserEpoch}, {ClientEpochBelow: third.ClientEpoch}} {
		wantEqual(t, "sessions before the epoch", listAll(t, 100, listSessions(t, s, f)), []string{newSession(0).ID, newSession(1).ID})
	}
	wantRevokedAll(t, s, storage.SessionFilter{UserID: third.UserID, UserEpochBelow: third.UserEpoch}, 2)
	wantSession(t, s, third)
}

func sessionRevokeAllButOne(t *testing.T, s storage.Store) {
	for n := range 5 {
		createSession(t, s, newSession(n))
	}
	but := storage.SessionFilter{UserID: owner.UserID, Except: newSession(2).ID}
	wantEqual(t, "all but one", listAll(t, 2, listSessions(t, s, but)), []string{newSession(0).ID, newSession(1).ID, newSession(3).ID, newSession(4).ID})
	wantRevokedAll(t, s, but, 4)
	wantSession(t, s, newSession(2))
}
