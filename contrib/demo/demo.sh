#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate at work: a LAN, a gateway and an outside world in network namespaces of this machine, real
# programs as clients, over IPv4 and IPv6. `make demo` (root). Under a minute; all of it lives in
# namespaces that end with this script, so nothing stays behind. Status 0 if all went as told.
DEMO=1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
SLUICED=${SLUICED:-$root/build/sluiced}
SLUICE=${SLUICE:-$root/build/sluice}
[ "$(id -u)" = 0 ] || { echo "demo: must be root (it makes network namespaces)" >&2; exit 1; }
[ -x "$SLUICED" ] || { echo "demo: no $SLUICED; run make" >&2; exit 1; }
# shellcheck source-path=SCRIPTDIR/../../tests/e2e source=lib.sh
. "$root/tests/e2e/lib.sh"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' off=$'\e[0m'; else bold='' dim='' red='' off=''; fi
scene=0
heading() {
	scene=$((scene + 1))
	printf '\n%s%d. %s%s\n' "$bold" $scene "$1" "$off"
}
say() { printf '   %s\n' "$@"; }
show() { sed "s/^/      $dim/; s/\$/$off/"; }
wrong() {
	FAILS=$((FAILS + 1))
	printf '   %sNOT AS EXPECTED: %s%s\n' "$red" "$1" "$off"
}
# saw: the client's last words
saw() {
	grep -vE '^[[:space:]]*$|^---|verify|depth' $T/client 2>/dev/null | tail -n 1 |
		sed -E 's/^nc: connect to .*: //; s/^write:errno=104/connection reset (errno 104)/
			s/^connect:errno=111/connection refused (errno 111)/' | cut -c 1-100
}
# expect yes|no WHAT COMMAND...: tries, tells what the client saw
expect() {
	local want=$1 what=$2 got text
	shift 2
	: >$T/client
	: >$T/body
	if "$@"; then got=yes text='connected'; else got=no text="no: $(saw)"; fi
	[ $got = no ] || [ ! -s $T/body ] || text="\"$(tail -n 1 $T/body | tr -d '\r' | cut -c 1-60)\""
	printf '   %-44s -> %s\n' "$what" "$text"
	[ $got = "$want" ] || wrong "$what"
}
# logged KEY=VALUE...: what the log says about it, in one line
logged() {
	wait_for 5 seen_now "$@" || { wrong "no log line with $*"; return; }
	eve "$@" | tail -n 1 | python3 -c '
import json, sys
o = json.loads(sys.stdin.readline())
a = o.get("alert", {})
c = a.get("context", {})
t = ["%s %s, rule %s" % (o["event_type"], a.get("action"), c.get("rule"))]
if c.get("list"):
    t.append("list %s line %s" % (c["list"], c.get("line")))
if o.get("tls", {}).get("sni"):
    t.append("name " + o["tls"]["sni"])
if c.get("would"):
    t.append("would " + c["would"])
if c.get("set"):
    t.append("entry in %s for %s s" % (c["set"], c.get("timeout")))
if c.get("attack"):
    t.append(c["attack"])
print("   log: " + "; ".join(t))'
}
# element SET TEXT: the element as nft shows it
element() {
	wait_for 5 set_has "$1" "$2" || { wrong "no element $2 in $1"; return; }
	say "nft list $([ "$1" = watch ] && echo set || echo map) inet sluice $1_$([[ $2 == *:* ]] && echo 6 || echo 4):"
	set_text "$1" | tr -d '\n' | grep -oE "[0-9a-f.:]+[^,{]*$2[^,}]*|$2[^,}]*" | head -n 1 | tr -s '\t ' ' ' | show
}
trips() { # BEFORE: packets that went to user space since
	say "packets handed to user space for that: $(($(queued) - $1))"
}

odd=(-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384 -curves P-384:P-256)
policy() {
	conf "$1" <<END
lists: {
  tor_relays: { type = "endpoint"; format = "onionoo"; path = "tor-details.json"; };
  c2_ja3:     { type = "ja3"; format = "sslbl"; path = "sslbl-ja3.csv"; };
};
rules = (
  { name = "tor-relay"; when: { endpoint = "@tor_relays"; };       action = "reject"; for = "24h"; attack = "T1090.003"; },
  { name = "partners";  when: { domain = "*.partner.example"; };   action = "allow"; },
  { name = "tor-name";  when: { domain = [ "*.onion", "*.torproject.org" ]; }; action = "reject"; attack = "T1090.003"; },
  { name = "c2-ja3";    when: { ja3 = "@c2_ja3"; };                action = "reject"; for = "1h"; attack = "T1573"; },
  { name = "tor-port";  when: { port = [ 9001, 9030, 9050 ]; };    action = "monitor"; attack = "T1090.003"; }
);
END
}

printf '%sSluice: an outbound gate. A demonstration in network namespaces.%s\n' "$bold" "$off"
net_up
cat <<'END'

   lan   10.1.1.2  fd00:1::2       --.
                                      gateway (sluiced) -- wan: 198.51.100.1 .. 2001:db8:100::1 ..
   lan2  10.1.2.2  2001:db8:2::2   --'
END
cat >$T/lists/tor-details.json <<'END'
{"version":"8.0","relays":[
{"or_addresses":["198.51.100.3:9001","[2001:db8:100::3]:9001"],"flags":["Guard","Running"]}
],"bridges":[]}
END
cat >$T/lists/sslbl-ja3.csv <<'END'
# ja3_md5,Firstseen,Lastseen,Listingreason
6734f37431670b3ab4292b8f60f29984,2026-01-01 00:00:00,2026-01-02 00:00:00,SomeBot
END
for s in "1 9001" "2 443" "3 9001" "4 9050" "5 443" "6 443"; do
	# shellcheck disable=SC2086 # two words
	serve46 tls $s
done

heading "mode = \"observe\": decide and log, drop nothing"
policy observe
start
say "The policy, as it stands in sluice.conf:"
sed -n '/^rules/,$p' $CONF | cut -c 1-130 | show
for f in 4 6; do
	expect yes "IPv$f: curl https://www.torproject.org" get lan $f 5 www.torproject.org 443
	logged event_type=alert dest_ip="$(addr $f 5)" alert.context.would=reject
done
expect yes "IPv4: an odd program (openssl s_client)" tls lan 4 2 cdn.example 443 "${odd[@]}"
wait_for 5 seen_now event_type=tls tls.sni=cdn.example
ja3=$(eve_get tls.ja3.hash event_type=tls tls.sni=cdn.example | head -n 1)
say "The log gives its fingerprint, JA3 $ja3."
say "Say it is malware's: it goes into the list."
echo "$ja3,2026-01-01 00:00:00,2026-01-02 00:00:00,OddBot" >>$T/lists/sslbl-ja3.csv

heading "mode = \"enforce\", sluice reload"
policy enforce
sluice reload 2>&1 | show
[ "$(status_get mode)" = enforce ] || wrong "mode is not enforce"
say "queue rule of this kernel: $(status_get caps.queue)"

heading "An allowed name passes, although its port is a Tor port"
for f in 4 6; do
	expect yes "IPv$f: curl https://www.partner.example:9001" get lan $f 1 www.partner.example 9001
done

heading "Any other flow to a Tor port: watched, not stopped"
for f in 4 6; do
	expect yes "IPv$f: curl https://some.example:9050" get lan $f 4 some.example 9050
	logged event_type=alert dest_ip="$(addr $f 4)" alert.context.rule=tor-port
	element watch "$(addr $f 4) . tcp . 9050"
done

heading "A listed Tor relay: refused on its first packet, then by the kernel alone"
for f in 4 6; do
	q=$(queued)
	expect no "IPv$f: nc -z $(addr $f 3) 9001" connects lan "$(addr $f 3)" 9001
	trips "$q"
	logged event_type=alert dest_ip="$(addr $f 3)" alert.context.rule=tor-relay
	element drop_ep "$(addr $f 3) . tcp . 9001"
	q=$(queued)
	expect no "IPv$f: once more, and from lan2" connects lan2 "$(addr $f 3)" 9001
	trips "$q"
	[ "$(queued)" = "$q" ] || wrong "the second attempt left the kernel"
done

heading "A program with a listed JA3: cut on its ClientHello; others go on"
for f in 4 6; do
	expect no "IPv$f: the odd program again" tls lan $f 2 cdn.example 443 "${odd[@]}"
	logged event_type=alert dest_ip="$(addr $f 2)" alert.context.rule=c2-ja3
	element drop_pair "$(self lan $f) . $(addr $f 2) . tcp . 443"
	q=$(queued)
	expect no "IPv$f: its second attempt" tls lan $f 2 cdn.example 443 "${odd[@]}"
	trips "$q"
	[ "$(queued)" = "$q" ] || wrong "the second attempt left the kernel"
	expect yes "IPv$f: curl on lan2, same server" get lan2 $f 2 cdn.example 443
done

heading "A listed name"
for f in 4 6; do
	expect no "IPv$f: curl https://bridges.torproject.org" get lan $f 5 bridges.torproject.org 443
	logged event_type=alert dest_ip="$(addr $f 5)" alert.action=blocked tls.sni=bridges.torproject.org
done

heading "The rest stays fast: 100 MB cost a few packets in user space"
for f in 4 6; do
	q=$(queued)
	lan curl -sSk --noproxy '*' --max-time 20 -w '%{size_download} bytes at %{speed_download} bytes/s\n' \
		--resolve "big.example:443:$(addr $f 6)" -o /dev/null https://big.example/bytes/104857600 \
		>$T/big 2>&1 || wrong "download"
	say "IPv$f: $(cat $T/big)"
	trips "$q"
done

heading "Who is blocked, why, for how long; and undone"
sluice list | cut -c 1-150 | show
for f in 4 6; do
	say "sluice unblock $(addr $f 2): $(sluice unblock "$(addr $f 2)" 2>&1)"
	expect yes "IPv$f: lan reaches that server again (curl)" get lan $f 2 cdn.example 443
done

heading "In the end"
sluice status | head -n 14 | cut -c 1-120 | show
kill -TERM "$SLUICED_PID"
wait "$SLUICED_PID" || wrong "sluiced ended with status $?"
say "sluiced has stopped. Its table goes on dropping (fail = \"open\" lets new flows pass):"
for f in 4 6; do expect no "IPv$f: the relay" connects lan "$(addr $f 3)" 9001; done
gw "$SLUICED" --remove | show
gw nft list table inet sluice >/dev/null 2>&1 && wrong "the table is still there"
say "sluiced --remove has taken the table away."
FINISHED=1
printf '\n%s%s%s (%d s)\n' "$bold" "$([ $FAILS = 0 ] && echo 'All went as told.' || echo "$FAILS things did not go as told.")" "$off" $SECONDS
[ $FAILS = 0 ]
