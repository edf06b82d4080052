#!/bin/sh
# Installs Debian's Chromium for the tests of the page. Does nothing where it is there already, and where it can't be
# installed like this the tests skip themselves and say so.
set -eu
[ -x /usr/bin/chromium ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Chromium is missing: the tests of the page will be skipped. Install the package chromium." >&2
  exit 0
fi
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
  >/dev/null || echo "Chromium could not be installed: the tests of the page will be skipped." >&2
