#!/bin/bash
# healthcheck ADDRESS PATH: whether PATH answers 200 there.
# healthcheck ADDRESS:      whether something accepts connections there.
# ADDRESS is a port of 127.0.0.1, tcp://host:port or unix:/path.
# In bash, because starting Python every few seconds would take a good part of a small CPU limit.
set -u

if [[ $1 == unix:* ]]; then
  # Bash connects by TCP alone. Perl is part of every Debian and starts in 2 ms, if it needn't load the names of
  # AF_UNIX and SOCK_STREAM: both are 1 on Linux.
  exec perl -e '
    alarm 2;
    socket my $peer, 1, 1, 0 or exit 1;
    connect $peer, pack "Sa*", 1, $ARGV[0] or exit 1;
    exit 0 if @ARGV < 2;
    syswrite $peer, "GET $ARGV[1] HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    exit(<$peer> !~ m{^HTTP/1\.. 200 })' "${1#unix:}" "${@:2}"
fi
address=${1#tcp://}
[[ $address == *:* ]] || address=127.0.0.1:$address
exec 3<>"/dev/tcp/${address%:*}/${address##*:}" || exit 1
[[ $# -gt 1 ]] || exit 0
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3
[[ ${status:-} == 200 ]]
