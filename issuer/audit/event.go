package audit

// Types of audit events. They are names that operators filter by.
const (
	EventLoginSucceeded        = "login.succeeded"
	EventLoginFailed           = "login.failed"
	EventLoginThrottled        = "login.throttled"
	EventSecondFactorFailed    = "login.second_factor_failed"
	EventRecoveryCodeUsed      = "recovery_code.used"
	EventFactorEnrolled        = "factor.enrolled"
	EventFactorRemoved         = "factor.removed"
	EventFactorRenamed         = "factor.renamed"
	EventRecoveryCodesRenewed  = "recovery_codes.renewed"
	EventFactorsReset          = "factors.reset"
	EventFactorDemanded        = "factor.demanded"
	EventPasswordRehashed      = "password.rehashed"
	EventRefreshReplayed       = "refresh.replayed"
	EventRefreshReused         = "refresh.reused"
	EventRefreshForeign        = "refresh.foreign_client"
	EventCodeReplayed          = "code.replayed"
	EventCodeForeign           = "code.foreign_client"
	EventCodeRefused           = "code.refused"
	EventDeviceApproved        = "device.approved"
	EventDeviceDenied          = "device.denied"
	EventDeviceForeign         = "device.foreign_client"
	EventDeviceReplayed        = "device.replayed"
	EventUserCodeRefused       = "device.code_refused"
	EventTokenRevoked          = "token.revoked"
	EventRefreshReplayLimit    = "refresh.replay_limit"
	EventSessionRevoked        = "session.revoked"
	EventSessionDisplaced      = "session.displaced"
	EventBrowserSessionStarted = "browser_session.started"
	EventBrowserSessionEnded   = "browser_session.ended"
	EventConsentGranted        = "consent.granted"
	EventConsentDenied         = "consent.denied"
	EventConsentRevoked        = "consent.revoked"
	EventAuthorizeRefused      = "authorize.refused"
	EventAuthorizeLoop         = "authorize.loop"
	EventDeliveryFailed        = "message.undelivered"
	EventStoreRestored         = "store.restored"
	EventBootstrapped          = "super_admin.bootstrapped"
	EventUserRegistered        = "user.registered"
	EventUserCreated           = "user.created"
	EventUserUpdated           = "user.updated"
	EventUserDisabled          = "user.disabled"
	EventUserEnabled           = "user.enabled"
	EventUserUnlocked          = "user.unlocked"
	EventUserDeleted           = "user.deleted"
	EventPasswordSet           = "user.password_set"
	EventPasswordReset         = "user.password_reset"
	EventPasswordLinkMade      = "user.password_link_made"
	EventEmailVerified         = "user.email_verified"
	EventMailSent              = "mail.sent"
	EventUsersExported         = "users.exported"
	EventRoleCreated           = "role.created"
	EventRoleUpdated           = "role.updated"
	EventRoleRenamed           = "role.renamed"
	EventRoleDeleted           = "role.deleted"
	EventClientCreated         = "client.created"
	EventClientUpdated         = "client.updated"
	EventClientDeleted         = "client.deleted"
	EventSecretRotated         = "client.secret_rotated"
	EventAccountLinked         = "account.linked"
	EventAccountUnlinked       = "account.unlinked"
	EventConnectorCreated      = "connector.created"
	EventConnectorUpdated      = "connector.updated"
	EventConnectorDeleted      = "connector.deleted"
	EventScopeTextSet          = "scope.text_set"
	EventScopeTextDeleted      = "scope.text_deleted"
	EventAttributeCreated      = "attribute.created"
	EventAttributeUpdated      = "attribute.updated"
	EventAttributeDeleted      = "attribute.deleted"

	// EventKeyChangeRequested says that somebody requested a change of the signing keys. What
	// changes is the key's own event.
	EventKeyChangeRequested = "keys.change_requested"

	// EventChangeFailed says that the change of the event that it targets was not
	// made: that one was written first, as every administrative change's is.
	EventChangeFailed = "change.failed"
)

// EventTypes returns the types of all events but those of the keys, which package keys
// names.
func EventTypes() []string {
	return []string{
		EventLoginSucceeded, EventLoginFailed, EventLoginThrottled, EventPasswordRehashed,
		EventSecondFactorFailed, EventRecoveryCodeUsed, EventFactorEnrolled, EventFactorRemoved, EventFactorRenamed, EventRecoveryCodesRenewed, EventFactorsReset, EventFactorDemanded,
		EventRefreshReplayed, EventRefreshReused, EventRefreshForeign, EventTokenRevoked, EventRefreshReplayLimit,
		EventCodeReplayed, EventCodeForeign, EventCodeRefused,
		EventDeviceApproved, EventDeviceDenied, EventDeviceForeign, EventDeviceReplayed, EventUserCodeRefused,
		EventSessionRevoked, EventSessionDisplaced, EventBrowserSessionStarted, EventBrowserSessionEnded,
		EventConsentGranted, EventConsentDenied, EventConsentRevoked, EventAuthorizeRefused, EventAuthorizeLoop, EventDeliveryFailed, EventStoreRestored, EventBootstrapped,
		EventUserRegistered, EventUserCreated, EventUserUpdated, EventUserDisabled, EventUserEnabled, EventUserUnlocked,
		EventUserDeleted, EventPasswordSet, EventPasswordReset, EventPasswordLinkMade, EventEmailVerified, EventMailSent, EventUsersExported,
		EventRoleCreated, EventRoleUpdated, EventRoleRenamed, EventRoleDeleted,
		EventClientCreated, EventClientUpdated, EventClientDeleted, EventSecretRotated,
		EventScopeTextSet, EventScopeTextDeleted, EventAttributeCreated, EventAttributeUpdated, EventAttributeDeleted,
		EventAccountLinked, EventAccountUnlinked, EventConnectorCreated, EventConnectorUpdated, EventConnectorDeleted,
		EventKeyChangeRequested, EventChangeFailed, EventSwept,
	}
}
