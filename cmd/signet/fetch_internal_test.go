package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// fetch is a little curl, so that the stories need nothing but Go:
//
//	fetch [-u ID:SECRET] [-bearer TOKEN] [-d KEY=VALUE]… URL
//
// The body goes to standard output, the status to standard error; the exit
// status is 1 unless the answer was a 2xx.
func fetch() {
	form := url.Values{}
	user := flag.String("u", "", "client authentication by Basic")
	bearer := flag.String("bearer", "", "access token")
	flag.Func("d", "form parameter", func(pair string) error {
		key, value, _ := strings.Cut(pair, "=")
		form.Add(key, value)
		return nil
	})
	flag.Parse()
	status, body, err := get(flag.Arg(0), *user, *bearer, form)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.TrimSpace(body))
	fmt.Fprintln(os.Stderr, status)
	if status/100 != 2 {
		os.Exit(1)
	}
}

// get posts a form, or gets where there is none.
func get(address, user, bearer string, form url.Values) (status int, body string, err error) {
	method := http.MethodGet
	if len(form) > 0 {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if id, secret, ok := strings.Cut(user, ":"); ok {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
