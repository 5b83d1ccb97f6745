package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

type client struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// settings are the first line that the test sends: see foreignSettings there.
type settings struct {
	Issuer    string `json:"issuer"`
	Audience  string `json:"audience"`
	Web       client `json:"web"`
	Machine   client `json:"machine"`
	Resource  client `json:"resource"`
	Elsewhere client `json:"elsewhere"`
	User      struct {
		Name     string `json:"name"`
		Email    string `json:"email"`
		Password string `json:"password"`
	} `json:"user"`
	Expired string `json:"expired"`
}

// conversation is how the round talks with the test that runs it: one JSON
// value a line.
type conversation struct{ lines *bufio.Scanner }

func (c conversation) receive(into any) error {
	if !c.lines.Scan() {
		return errors.New("the test that runs this round is gone")
	}
	return json.Unmarshal(c.lines.Bytes(), into)
}

func (c conversation) send(message map[string]string) error {
	return json.NewEncoder(os.Stdout).Encode(message)
}

// ask has the test do something to the server, and waits until it is done.
func (c conversation) ask(what string) error {
	if err := c.send(map[string]string{"ask": what}); err != nil {
		return err
	}
	return c.receive(&struct{}{})
}

// check plays one step and reports it.
func (c conversation) check(name string, play func() error) error {
	message := map[string]string{"check": name}
	err := play()
	if err != nil {
		message["error"] = err.Error()
		err = fmt.Errorf("%s: %w", name, err)
	}
	return errors.Join(err, c.send(message))
}
