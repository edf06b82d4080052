#!/bin/bash
# healthcheck PORT PATH: whether http://127.0.0.1:PORT/PATH answers 200.
# healthcheck PORT:      whether something accepts connections there.
# healthcheck SOCKET:    whether this Unix socket is there.
# In bash, because starting Python every few seconds would take a good part of a small CPU limit.
set -u

if [[ $1 == /* ]]; then
  [[ -S $1 ]]
  exit
fi
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
[[ $# -gt 1 ]] || exit 0
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3
[[ ${status:-} == 200 ]]
