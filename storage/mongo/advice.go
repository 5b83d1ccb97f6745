package mongo

import (
	"errors"
	"strings"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

// The server's codes for a login that is missing, wrong or not enough: Unauthorized
// and AuthenticationFailed.
const (
	unauthorized         = 13
	authenticationFailed = 18
)

func hasCode(err error, code int) bool {
	var refused driver.ServerError
	return errors.As(err, &refused) && refused.HasErrorCode(code)
}

// isRefused tells whether the server has refused a command for want of a login or a right.
func isRefused(err error) bool { return hasCode(err, unauthorized) }

// advise returns advice for the error of a server that cannot be used. The driver tells an old
// server and a missing primary by the texts of its errors only.
func (cs connString) advise(err error) string {
	text := err.Error()
	switch {
	case hasCode(err, authenticationFailed), strings.Contains(text, "unable to authenticate"):
		return "check the user name, the password and authSource in the connection string"
	case isRefused(err) && !cs.login:
		return "it asks for a login: put user:password@ before the hosts of the connection string, and authSource after them"
	case isRefused(err):
		return adviceRights(cs.database)
	case strings.Contains(text, "wire version"):
		return "it is too old: Signet needs MongoDB " + oldestServer + " or later"
	case strings.Contains(text, "ReplicaSetNoPrimary"):
		return "the replica set has no primary: a majority of its members must run and reach each other, under the names that they call themselves"
	}
	return "check that the server runs and can be reached from here, and that replicaSet, tls and the ports in the connection string fit it"
}

// oldestServer is the oldest version of MongoDB that the driver speaks to.
const oldestServer = "4.4"

func adviceRights(database string) string {
	return strings.TrimSpace("the server does not let this user do it: give the user the role readWrite on the database " + database)
}
