# The few verbs of this project. Every one is a plain go command; nothing here
# is needed to build or to test.

.PHONY: build test short race lint fuzz bench dev ci

build: ## the binary, into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/signet ./cmd/signet

test: ## everything that needs nothing but Go
	go test ./...

short: ## the quick half of it, for work in between
	go test -short ./...

race: ## the quick half under the race detector
	go test -short -race ./...

lint: ## format, vet, staticcheck as CI runs them (staticcheck.conf)
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

fuzz: ## one target for a minute: make fuzz PKG=./issuer TARGET=FuzzRefreshToken
	go test -run '^$$' -fuzz '^$(TARGET)$$' -fuzztime 1m $(PKG)

bench: ## the costs of requests, as ratios to one RSA signature
	go test -run '^$$' -bench . ./endpoints ./keys ./verify

dev: ## an issuer to try, with a demo user and paste-ready curl lines
	go run ./cmd/signet dev

ci: ## all that must hold before a change lands; installs what it needs
	bash .ci/run
