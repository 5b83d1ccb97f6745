package main

import (
	"fmt"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
)

// mechanism is the one that the server takes (RFC 7677).
const mechanism = "SCRAM-SHA-256"

// The server's codes for a login that is missing or wrong.
const (
	unauthorized         = 13
	authenticationFailed = 18
)

// accounts decides who gets in. FerretDB's package has no accounts, so the proxy
// answers logins itself.
type accounts struct {
	server   *scram.Server // nil: everybody gets in
	readOnly bool          // commands that write are refused
}

// newAccounts has one account, or none.
func newAccounts(user, password string, readOnly bool) (*accounts, error) {
	a := &accounts{readOnly: readOnly}
	if user == "" {
		return a, nil
	}
	client, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		return nil, err
	}
	stored := client.GetStoredCredentials(scram.KeyFactors{Salt: "mongotest-salt", Iters: 4096})
	a.server, err = scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
		if name != user {
			return scram.StoredCredentials{}, fmt.Errorf("no user %s", name)
		}
		return stored, nil
	})
	return a, err
}

// A visit is one connection's login.
type visit struct {
	accounts     *accounts
	conversation *scram.ServerConversation
}

// intercept answers a command that is about the login, or that the login does not
// allow; nil lets it pass.
func (v *visit) intercept(request []byte) []byte {
	name := command(request)
	switch {
	case isHello(request):
		return nil
	case v.accounts.server != nil && (name == "saslStart" || name == "saslContinue"):
		return v.login(request, name)
	case v.accounts.server != nil && name != "ping" && (v.conversation == nil || !v.conversation.Valid()):
		return refuse(request, unauthorized, "Unauthorized", "command "+name+" requires authentication")
	case v.accounts.readOnly && writes(name) && !continues(name):
		return refuse(request, unauthorized, "Unauthorized", "not authorized to execute command "+name)
	}
	return nil
}

// login carries the conversation on by one step.
func (v *visit) login(request []byte, name string) []byte {
	if name == "saslStart" {
		v.conversation = v.accounts.server.NewConversation()
	}
	_, payload, _ := requestDocument(request).Lookup("payload").BinaryOK()
	if v.conversation == nil {
		return refuse(request, authenticationFailed, "AuthenticationFailed", "no conversation")
	}
	if v.conversation.Done() { // the client's last, empty step
		return reply(request, step(v.conversation.Done(), ""))
	}
	answer, err := v.conversation.Step(string(payload))
	if err != nil {
		return refuse(request, authenticationFailed, "AuthenticationFailed", "Authentication failed.")
	}
	return reply(request, step(v.conversation.Done(), answer))
}

func step(done bool, payload string) bson.D {
	return bson.D{{Key: "conversationId", Value: int32(1)}, {Key: "done", Value: done},
		{Key: "payload", Value: primitive.Binary{Data: []byte(payload)}}, {Key: "ok", Value: 1.0}}
}

func refuse(request []byte, code int32, codeName, text string) []byte {
	return reply(request, bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: text},
		{Key: "code", Value: code}, {Key: "codeName", Value: codeName}})
}
