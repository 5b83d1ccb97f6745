# The name is part of the redirect URI.
gitea admin auth add-oauth --name signet --provider openidConnect \
  --key "@CLIENT_ID@" --secret "$OIDC_CLIENT_SECRET" \
  --auto-discover-url "@ISSUER@/.well-known/openid-configuration" \
  @GITEA_SCOPES@
