# With the app user_oidc, as the user of the web server
occ user_oidc:provider signet \
  --clientid="@CLIENT_ID@" --clientsecret="$OIDC_CLIENT_SECRET" \
  --discoveryuri="@ISSUER@/.well-known/openid-configuration" \
  --scope="@SCOPE@" --unique-uid=1 \
  --mapping-uid=sub --mapping-display-name=name --mapping-email=email
