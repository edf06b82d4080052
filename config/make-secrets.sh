#!/bin/sh
# Makes what the containers of config/compose.scale.yaml prove themselves with, once: what is there stays.
# /secrets/messages is for NATS and whoever speaks with it, /secrets/ledger for the shards, /secrets/postgres for the
# server that they speak with.
set -eu

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -s /secrets/messages/url ]; then
  token=$(random)
  printf 'authorization { token: "%s" }\n' "$token" > /secrets/messages/nats.conf
  printf 'nats://%s@nats:4222\n' "$token" > /secrets/messages/url
fi
if [ ! -s /secrets/ledger/url ]; then
  password=$(random)
  random > /secrets/postgres/superuser
  printf "CREATE ROLE rinha LOGIN PASSWORD '%s';\nCREATE DATABASE rinha OWNER rinha;\n" "$password" \
    > /secrets/postgres/rinha.sql
  printf 'postgresql://rinha:%s@postgres/rinha\n' "$password" > /secrets/ledger/url
fi
# Each volume is mounted where it is needed, and each container has a user of its own.
chmod 0444 /secrets/*/*
