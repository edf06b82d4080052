#!/bin/sh
# Installs Debian's PostgreSQL for the tests of its store. Does nothing where its programs are there already, and where
# it can't be installed like this the tests skip themselves and say so.
set -eu
for initdb in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb; do
  [ -x "$initdb" ] && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "PostgreSQL's initdb is missing: the tests of its store will be skipped. Install the package postgresql." >&2
  exit 0
fi
# The tests start servers of their own: none is to be made and started now.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
  echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends postgresql; } \
  >/dev/null || echo "PostgreSQL could not be installed: the tests of its store will be skipped." >&2
