package com.example.web;

import org.springframework.http.MediaType;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.util.HtmlUtils;

/** The only page: who is signed in. */
@RestController
class HomeController {
    private static final String PAGE = """
            <!doctype html>
            <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Spring</title>
            <h1>Spring</h1>
            %s
            """;
    private static final String SIGNED_OUT = """
            <p id="signed-out"><a id="sign-in" href="/oauth2/authorization/signet">Sign in</a></p>
            """;
    private static final String SIGNED_IN = """
            <p id="signed-in">Signed in as <strong id="name">%s</strong>.</p>
            <form method="post" action="/logout">
            <input type="hidden" name="%s" value="%s"><button id="sign-out">Sign out</button></form>
            """;

    @GetMapping(value = "/", produces = MediaType.TEXT_HTML_VALUE)
    String home(@AuthenticationPrincipal OidcUser user, CsrfToken csrf) {
        if (user == null) {
            return PAGE.formatted(SIGNED_OUT);
        }
        return PAGE.formatted(SIGNED_IN.formatted(
                HtmlUtils.htmlEscape(user.getPreferredUsername()), csrf.getParameterName(), csrf.getToken()));
    }
}
