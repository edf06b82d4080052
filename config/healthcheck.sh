#!/bin/bash
# healthcheck PORT PATH:   whether http://127.0.0.1:PORT/PATH answers 200.
# healthcheck PORT:        whether something accepts connections there.
# healthcheck SOCKET PATH: whether PATH at this Unix socket answers 200.
# healthcheck SOCKET:      whether this Unix socket is there.
# In bash, because starting Python every few seconds would take a good part of a small CPU limit.
set -u

if [[ $1 == /* ]]; then
  [[ $# -gt 1 ]] || { [[ -S $1 ]]; exit; }
  # Bash connects by TCP alone. Perl is part of every Debian and starts in 2 ms, if it needn't load the names of
  # AF_UNIX and SOCK_STREAM: both are 1 on Linux.
  exec perl -e '
    alarm 2;
    socket my $api, 1, 1, 0 or exit 1;
    connect $api, pack "Sa*", 1, $ARGV[0] or exit 1;
    syswrite $api, "GET $ARGV[1] HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    exit(<$api> !~ m{^HTTP/1\.. 200 })' "$@"
fi
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
[[ $# -gt 1 ]] || exit 0
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3
[[ ${status:-} == 200 ]]
