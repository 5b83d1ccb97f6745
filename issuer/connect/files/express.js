// npm install express express-openid-connect
import express from "express";
import { auth, requiresAuth } from "express-openid-connect";

const app = express();
app.use(auth({
  issuerBaseURL: "@ISSUER@",
  baseURL: "@BASE@",
  clientID: "@CLIENT_ID@",
  clientSecret: process.env.OIDC_CLIENT_SECRET,
  secret: process.env.SESSION_SECRET,
  authRequired: false,
  authorizationParams: { response_type: "code", scope: "@SCOPE@" },
}));
app.get("/profile", requiresAuth(), (req, res) => res.json(req.oidc.user));
app.listen(3000);
