# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/signet ./cmd/signet && mkdir /out/data

# docker build --target openssl: OpenSSL signs with RSA keys (docs/keys.md). The library
# is the distribution's, found when the program starts: build the image anew for its updates.
FROM golang:1.26-trixie AS build-openssl
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=1 go build -trimpath -tags openssl -ldflags "-s -w" -o /out/signet ./cmd/signet && mkdir /out/data

FROM debian:trixie-slim AS openssl
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates libssl3t64 && rm -rf /var/lib/apt/lists/*
COPY --from=build-openssl /out/signet /usr/local/bin/signet
COPY --from=build-openssl --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV SIGNET_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["signet", "health"]
ENTRYPOINT ["signet"]
CMD ["serve"]

# The default, without a target. Nothing but the binary, CA certificates, and a place for data; not root.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/signet /usr/local/bin/signet
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV PATH=/usr/local/bin SIGNET_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["signet", "health"]
ENTRYPOINT ["signet"]
CMD ["serve"]
