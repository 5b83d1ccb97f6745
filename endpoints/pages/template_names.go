package pages

func (LoginView) template() string           { return "login.html" }
func (ChangePasswordView) template() string  { return "change_password.html" }
func (ConsentView) template() string         { return "consent.html" }
func (FormPostView) template() string        { return "form_post.html" }
func (ContinueView) template() string        { return "continue.html" }
func (BrakeView) template() string           { return "brake.html" }
func (ErrorView) template() string           { return "error.html" }
func (LogoutView) template() string          { return "logout.html" }
func (SignedOutView) template() string       { return "signed_out.html" }
func (StatusView) template() string          { return "status.html" }
func (AccountView) template() string         { return "account.html" }
func (AccountPasswordView) template() string { return "account_password.html" }
func (AccountSessionsView) template() string { return "account_sessions.html" }
func (AccountAppsView) template() string     { return "account_apps.html" }
