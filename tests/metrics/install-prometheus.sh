#!/bin/sh
# Unpacks Debian's prometheus and promtool into .venv/prometheus for the tests of metrics and alerts, without installing a
# service. Does nothing where they are there already; where they can't be had the tests skip themselves and say so.
set -eu
target=.venv/prometheus
[ -x "$target/usr/bin/promtool" ] && exit 0
command -v promtool >/dev/null && command -v prometheus >/dev/null && exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "prometheus is missing: tests of metrics and alerts will be skipped. Install the package prometheus." >&2
  exit 0
fi
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
{ (cd "$directory" && apt-get download -qq prometheus) && dpkg-deb -x "$directory"/prometheus_*.deb "$target"; } \
  >/dev/null 2>&1 || echo "prometheus could not be had: tests of metrics and alerts will be skipped." >&2
