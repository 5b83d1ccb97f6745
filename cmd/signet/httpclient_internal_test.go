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

// fetch is a minimal HTTP client, so that the scripts need nothing but Go:
//
//	fetch [-u ID:SECRET] [-H 'NAME: VALUE']… [-d KEY=VALUE]… [-head] [-any] URL
//
// The body goes to standard output, the status and with -head the headers to
// standard error; the exit status is 1 unless the answer was a 2xx or -any is
// given.
func fetch() {
	form := url.Values{}
	user := flag.String("u", "", "client authentication by Basic")
	head := flag.Bool("head", false, "show the headers")
	object := flag.String("json", "", "a body to post as JSON")
	anyStatus := flag.Bool("any", false, "no answer is a failure")
	header := http.Header{}
	flag.Func("H", "header", func(line string) error {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
		return nil
	})
	flag.Func("d", "form parameter", func(pair string) error {
		key, value, _ := strings.Cut(pair, "=")
		form.Add(key, value)
		return nil
	})
	flag.Parse()
	resp, body, err := post(flag.Arg(0), *user, header, form, *object)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.TrimSpace(body))
	fmt.Fprintln(os.Stderr, resp.StatusCode)
	for name := range resp.Header {
		if *head {
			fmt.Fprintf(os.Stderr, "%s: %s\n", name, resp.Header.Get(name))
		}
	}
	if resp.StatusCode/100 != 2 && !*anyStatus {
		os.Exit(1)
	}
}

// get is request for those who look at status and body only.
func get(address, user string, form url.Values) (status int, body string, err error) {
	resp, body, err := request(address, user, nil, form)
	if err != nil {
		return 0, "", err
	}
	return resp.StatusCode, body, nil
}

// post posts what there is.
func post(address, user string, header http.Header, form url.Values, object string) (*http.Response, string, error) {
	if object == "" {
		return request(address, user, header, form)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(object))
	if err != nil {
		return nil, "", err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	return send(r)
}

// request posts a form, or gets where there is none, on a connection of its own.
func request(address, user string, header http.Header, form url.Values) (*http.Response, string, error) {
	method := http.MethodGet
	if len(form) > 0 {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if id, secret, ok := strings.Cut(user, ":"); ok {
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	return send(r)
}

func send(r *http.Request) (*http.Response, string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}
