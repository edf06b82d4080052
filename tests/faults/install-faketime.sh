#!/bin/sh
# Installs Debian's libfaketime for the test of the system clock. Does nothing where it is there already; where it can't
# be installed like this the test skips itself and says so.
set -eu
for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
  [ -e "$library" ] && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "libfaketime is missing: the test of the system clock will be skipped. Install the package libfaketime." >&2
  exit 0
fi
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends libfaketime; } \
  >/dev/null || echo "libfaketime could not be installed: the test of the system clock will be skipped." >&2
