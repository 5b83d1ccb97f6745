#!/bin/bash
# Makes the replica set and its users, once. It shares mongo1's network, so that
# MongoDB's localhost exception lets it make the first user. Run again it only
# checks.
set -euo pipefail
root=$(cat /run/secrets/mongo-root-password)
signet=$(cat /run/secrets/mongo-signet-password)
shell() { mongosh --quiet --norc --host 127.0.0.1 "$@"; }

until shell --eval 'db.hello()' >/dev/null 2>&1; do sleep 1; done
if ! shell -u root -p "$root" --authenticationDatabase admin --eval 'rs.status().ok' >/dev/null 2>&1; then
    shell --eval '
      try { rs.status() } catch (e) {
        rs.initiate({_id: "rs0", members: [
          {_id: 0, host: "mongo1:27017", priority: 2}, {_id: 1, host: "mongo2:27017"}, {_id: 2, host: "mongo3:27017"}]})
      }' || true
    until shell --eval 'if (!db.hello().isWritablePrimary) quit(1)' >/dev/null 2>&1; do sleep 1; done
    ROOT="$root" shell --eval 'db.getSiblingDB("admin").createUser({user: "root", pwd: process.env.ROOT, roles: ["root"]})'
fi
SIGNET="$signet" shell -u root -p "$root" --authenticationDatabase admin --eval '
  const signet = db.getSiblingDB("signet")
  if (!signet.getUser("signet")) signet.createUser({user: "signet", pwd: process.env.SIGNET, roles: [{role: "readWrite", db: "signet"}]})'
echo "replica set and users are there"
