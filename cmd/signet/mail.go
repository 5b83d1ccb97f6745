package main

import (
	"example.org/signet/issuer/accountmail"
	"example.org/signet/issuer/admin"
	"example.org/signet/issuer/mail"
	"example.org/signet/issuer/mailtoken"
)

// notifier returns what tells users of changes; nil where no mail is sent.
func (v *server) notifier() admin.Notifier {
	if !v.settings.sendsMail() {
		return nil
	}
	return accountmail.Notices{Mailer: v.issuer.Mailer(), Now: v.now}
}

// mailer returns what puts mails into the outbox of the store, for a server to deliver.
func (ac *adminContext) mailer() *mail.Mailer {
	return &mail.Mailer{Queue: ac.store, Sealer: ac.mailTokens(), Rand: ac.random, Now: ac.now}
}

func (ac *adminContext) mailTokens() *mailtoken.Sealer {
	return mailtoken.NewSealer(ac.random, ac.settings.issuer, ac.master.Primary(), ac.master.DecryptOnly()...)
}

// notifier is that of the server, as far as the command has its settings: from the environment and
// the configuration file.
func (ac *adminContext) notifier() admin.Notifier {
	if !ac.settings.sendsMail() {
		return nil
	}
	return accountmail.Notices{Mailer: ac.mailer(), Now: ac.now}
}
