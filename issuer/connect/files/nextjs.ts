// npm install next-auth@beta; this file is auth.ts, and app/api/auth/[...nextauth]/route.ts exports its handlers
import NextAuth from "next-auth";

export const { handlers, signIn, signOut, auth } = NextAuth({
  providers: [{
    id: "signet",
    name: "Signet",
    type: "oidc",
    issuer: "@ISSUER@",
    clientId: "@CLIENT_ID@",
    clientSecret: process.env.OIDC_CLIENT_SECRET,
    authorization: { params: { scope: "@SCOPE@" } },
    checks: ["pkce", "state", "nonce"],
  }],
});
