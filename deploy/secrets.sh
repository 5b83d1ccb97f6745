#!/bin/sh
# Draws the secrets that docker-compose.yml reads, into ./secrets, once. Run it
# in the folder of docker-compose.yml, as the user whose id stands in .env. Run
# by root it gives the files to user 65532, since Signet never runs as root.
set -eu
umask 077
uid=$(id -u) gid=$(id -g)
[ "$uid" -ne 0 ] || { uid=65532 gid=65532; }
if [ -s .env ] && grep -q '^SIGNET_UID=0$' .env; then
    echo ".env lets Signet run as root: remove the file and run this again" >&2
    exit 1
fi
mkdir -p secrets
cd secrets
draw() { [ -s "$1" ] || { head -c "$2" /dev/urandom | base64 | tr -d '\n' >"$1"; echo "drew secrets/$1"; }; }
drawhex() { [ -s "$1" ] || { head -c "$2" /dev/urandom | od -An -tx1 | tr -d ' \n' >"$1"; echo "drew secrets/$1"; }; }
draw master.key 32
draw mongo.keyfile 96
drawhex mongo-root-password 24
drawhex mongo-signet-password 24
drawhex admin-password 12
[ -s signet.yaml ] || {
    cat >signet.yaml <<YAML
issuer: http://localhost:8080
storage: "mongodb://signet:$(cat mongo-signet-password)@mongo1,mongo2,mongo3/signet?replicaSet=rs0&authSource=signet"
master-key-file: /run/secrets/master.key
listen: 0.0.0.0:8080
admin-listen: 0.0.0.0:8081
metrics-listen: 0.0.0.0:9090
behind-proxy: true
trusted-proxies: [10.89.7.0/24]
YAML
    echo "wrote secrets/signet.yaml"
}
[ "$uid" -eq "$(id -u)" ] || chown "$uid:$gid" . master.key signet.yaml admin-password
cd ..
[ -s .env ] || { printf 'SIGNET_UID=%s\nSIGNET_GID=%s\n' "$uid" "$gid" >.env; echo "wrote .env"; }
