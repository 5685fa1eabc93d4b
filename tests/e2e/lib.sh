#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What every end-to-end case stands on. A case sources it first; it then runs alone in mount, pid and
# network namespaces of its own, so that nothing can be left behind, whatever happens:
#
#   lan  10.1.1.2  fd00:1::2          ---.
#                                         gw --- wan  10.9.9.2  2001:db8:9::2
#   lan2 10.1.2.2  2001:db8:2::2      ---'        servers: 198.51.100.1 ...  2001:db8:100::1 ...
#
# The case begins with net_up, writes a config with conf, runs start; it asks with check, eq, seen ...
# and ends with finish. $T is its folder (memory); it is kept as build/e2e/CASE when it fails.
# Programs: SLUICED, SLUICE (default: the sanitized build).

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$E2E/../.." && pwd)
CASE=$(basename "$0")
SLUICED=${SLUICED:-$ROOT/build/san/sluiced}
SLUICE=${SLUICE:-$ROOT/build/san/sluice}
if [ -z "${SLUICE_E2E:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "$CASE: must be root" >&2; exit 77; }
	SLUICE_E2E=1 exec unshare --mount --net --pid --fork --kill-child=KILL --mount-proc "$0" "$@"
fi
unset SLUICE_E2E
mount -t tmpfs -o mode=755 tmpfs /run || exit 1
T=/run/e2e
LOG=$T/log
EVE=$LOG/eve.json
CONF=$T/sluice.conf
RUN=$T/run
USER_ID=nobody # the agent's user
SLUICED_PID=
CHECKS=0 FAILS=0
FAIL_POLICY=open
mkdir -p $LOG $RUN/../lists
chown $USER_ID $LOG
cd "$ROOT" || exit 1
export ASAN_OPTIONS="detect_leaks=0:log_path=$LOG/asan:handle_abort=1"
export UBSAN_OPTIONS="print_stacktrace=1:log_path=$LOG/ubsan"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

trap leave EXIT
trap 'exit 130' INT
trap 'echo "  time is up"; exit 143' TERM
[ -n "${DEMO:-}" ] || (sleep "${CASE_TIME:-240}" && kill -TERM $$) &

leave() {
	local rc=$?
	trap - EXIT
	[ -z "${DEMO:-}" ] || exit $rc
	[ -n "${FINISHED:-}" ] || { echo "  the case broke off (status $rc)"; rc=1; }
	if [ $rc != 0 ]; then
		local keep=$ROOT/build/e2e/$CASE
		rm -rf "$keep"
		mkdir -p "$keep" && cp -r $T/. "$keep/" 2>/dev/null
		gw nft list ruleset >"$keep/ruleset" 2>&1
		gw cat /proc/net/netfilter/nfnetlink_queue >"$keep/queues" 2>&1
		gw conntrack -L >"$keep/conntrack" 2>&1
		echo "  kept: build/e2e/$CASE"
	fi
	# All else dies with this pid namespace.
	exit $rc
}

# finish: the end of a case; its exit status tells whether every check held
finish() {
	[ -z "$SLUICED_PID" ] || stop
	sanitizer_clean
	FINISHED=1
	echo "  $CHECKS checks, $FAILS failed"
	[ "$CHECKS" -gt 0 ] && [ "$FAILS" = 0 ]
	exit $?
}

# --- the network -----------------------------------------------------------------------------

lan() { nsenter --net=/run/netns/lan "$@"; }
lan2() { nsenter --net=/run/netns/lan2 "$@"; }
gw() { nsenter --net=/run/netns/gw "$@"; }
wan() { nsenter --net=/run/netns/wan "$@"; }
# In the background, so that $! is the program's own pid: exec_in NS COMMAND... &
exec_in() { exec nsenter --net="/run/netns/$1" "${@:2}"; }

# addr FAMILY N: the N-th server address (1..9)
addr() { if [ "$1" = 4 ]; then echo "198.51.100.$2"; else echo "2001:db8:100::$2"; fi; }
# self NS FAMILY: a client's address
self() {
	case $1$2 in
	lan4) echo 10.1.1.2 ;; lan6) echo fd00:1::2 ;;
	lan24) echo 10.1.2.2 ;; lan26) echo 2001:db8:2::2 ;;
	esac
}
# host ADDR: as in a URL; endpoint ADDR PORT: as in a config
host() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }
endpoint() { echo "$(host "$1"):$2"; }

link() { # NS IFNAME GWIF GW4/LEN GW6/LEN ADDR4/LEN ADDR6/LEN
	ip link add "$3" netns gw type veth peer name "$2" netns "$1" || exit 1
	ip -n gw addr add "$4" dev "$3" && ip -n gw addr add "$5" dev "$3" nodad
	ip -n "$1" addr add "$6" dev "$2" && ip -n "$1" addr add "$7" dev "$2" nodad
	ip -n gw link set "$3" up && ip -n "$1" link set "$2" up || exit 1
}

net_up() {
	local ns n
	for ns in lan lan2 gw wan; do
		ip netns add $ns || exit 1
		# Addresses are usable at once; nobody waits for duplicate address detection.
		nsenter --net=/run/netns/$ns sysctl -qw net.ipv6.conf.all.accept_dad=0 \
			net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.dad_transmits=0 \
			net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0
		ip -n $ns link set lo up
	done
	gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	link lan eth0 lan0 10.1.1.1/24 fd00:1::1/64 10.1.1.2/24 fd00:1::2/64
	link lan2 eth0 lan1 10.1.2.1/24 2001:db8:2::1/64 10.1.2.2/24 2001:db8:2::2/64
	link wan eth0 wan0 10.9.9.1/24 2001:db8:9::1/64 10.9.9.2/24 2001:db8:9::2/64
	ip -n lan route add default via 10.1.1.1 && ip -n lan -6 route add default via fd00:1::1
	ip -n lan2 route add default via 10.1.2.1 && ip -n lan2 -6 route add default via 2001:db8:2::1
	ip -n wan route add default via 10.9.9.1 && ip -n wan -6 route add default via 2001:db8:9::1
	ip -n gw route add default via 10.9.9.2 && ip -n gw -6 route add default via 2001:db8:9::2
	for n in 1 2 3 4 5 6 7 8 9; do
		ip -n wan addr add 198.51.100.$n/32 dev lo
		ip -n wan addr add 2001:db8:100::$n/128 dev lo nodad
	done
	# The first packet of a family also finds its neighbours.
	wait_for 5 lan ping -c 1 -W 1 198.51.100.1 >/dev/null || fatal "no IPv4 path from lan to wan"
	wait_for 5 lan ping -c 1 -W 1 2001:db8:100::1 >/dev/null || fatal "no IPv6 path from lan to wan"
	wait_for 5 lan2 ping -c 1 -W 1 198.51.100.1 >/dev/null || fatal "no IPv4 path from lan2 to wan"
	wait_for 5 lan2 ping -c 1 -W 1 2001:db8:100::1 >/dev/null || fatal "no IPv6 path from lan2"
}

# --- the agent ---------------------------------------------------------------------------------

# conf MODE [LINE...]: writes the config; the rest (rules, lists ...) comes from stdin
conf() {
	{
		echo "mode = \"$1\";"
		echo "queue: { first = 100; count = ${QUEUES:-2}; fail = \"$FAIL_POLICY\"; };"
		echo "lists_dir = \"$T/lists\";"
		echo "log: { file = \"$EVE\"; flow = true; tls = true; };"
		shift
		[ $# = 0 ] || printf '%s\n' "$@"
		cat
	} >$CONF
}

# shipped MODE [SED OPTION...]: the config that the product ships, with only its mode and its paths
# changed, and what the sed options say
shipped() {
	local mode=$1
	shift
	sed -E -e "s#^mode = .*#mode = \"$mode\";#" -e "s#^\# lists_dir = .*#lists_dir = \"$T\";#" \
		-e "s#^( *file = ).*eve\.json.*#\1\"$EVE\";#" \
		-e "s#/usr/share/sluice/#$ROOT/contrib/#" "$ROOT/contrib/examples/sluice.conf" |
		sed -E -e '' "$@" >$CONF
	[ "$(grep -cE "^mode = \"$mode\";|^lists_dir = \"$T\";|^ *file = \"$EVE\";" $CONF)" = 3 ] ||
		fatal "contrib/examples/sluice.conf is not as shipped() expects"
}

# spawn: starts sluiced in the foreground in gw; $SLUICED_PID. WRAP: valgrind and the like
spawn() {
	# shellcheck disable=SC2086 # WRAP is a list of words
	exec_in gw ${WRAP:-} "$SLUICED" -f -c $CONF -u $USER_ID -r $RUN >>$LOG/sluiced.err 2>&1 &
	SLUICED_PID=$!
}
ready() { sluice status; }
start() {
	spawn
	if ! wait_for "${READY_TIME:-15}" ready_or_dead || ! alive $SLUICED_PID; then
		tail -n 20 $LOG/sluiced.err
		cat $LOG/asan.* 2>/dev/null | head -n 40
		fatal "sluiced is not ready"
	fi
}
ready_or_dead() { ready || ! alive "$SLUICED_PID"; } >/dev/null 2>&1
alive() { kill -0 "$1" 2>/dev/null; }
# stop [STATUS]: SIGTERM, and wait; a clean stop ends with status 0
stop() {
	local rc
	kill -TERM "$SLUICED_PID" 2>/dev/null
	if ! wait_for 15 dead "$SLUICED_PID"; then
		bad "sluiced has not ended 15 s after SIGTERM"
		kill -KILL "$SLUICED_PID"
	fi
	wait "$SLUICED_PID"
	rc=$?
	SLUICED_PID=
	eq "exit status of sluiced after SIGTERM" $rc "${1:-0}"
}
dead() { ! alive "$1"; }
sluice() { gw "$SLUICE" -s $RUN/control.sock "$@"; }
# reload: SIGHUP through the tool, which answers when the new policy is in force
reload() { check "sluice reload" sluice reload; }

# roles: "ROLE PID" of every process of the agent: workers are those that `sluice status` names
roles() {
	local p workers
	echo "guard $SLUICED_PID"
	workers=" $(status_get workers | grep -oE '"pid": [0-9]+' | tr -dc '0-9\n' | tr '\n' ' ') "
	for p in $(pgrep -P "$SLUICED_PID"); do
		case $workers in
		*" $p "*) echo "worker $p" ;;
		*) echo "clerk $p" ;;
		esac
	done
}
# status_get KEY[.KEY...]: from `sluice status --json`
status_get() {
	sluice status --json | python3 -c '
import json, sys
o = json.load(sys.stdin)
for k in sys.argv[1].split("."):
    o = o[int(k)] if isinstance(o, list) else o[k]
print(o if isinstance(o, str) else json.dumps(o))' "$1"
}
role_pid() { roles | awk -v r="$1" '$1 == r { print $2; exit }'; }

# queued: packets handed to user space so far, all queues
queued() {
	gw cat /proc/net/netfilter/nfnetlink_queue | awk '{ n += $8 } END { print n + 0 }'
}
# set_has SET TEXT: an element of both twins' listings holds TEXT (maps and sets list alike)
set_text() {
	local s
	for s in "$1_4" "$1_6"; do
		gw nft list map inet sluice "$s" 2>/dev/null || gw nft list set inet sluice "$s" 2>/dev/null
	done
}
set_has() { set_text "$1" | tr -d '\n\t' | grep -qF -- "$2"; }
set_lacks() { ! set_has "$@"; }
# set_count SET: elements in both twins
set_count() { set_text "$1" | grep -oE '(timeout|expires) [0-9]+[a-z0-9]*' | grep -c '^expires'; }

# eve KEY=VALUE...: log lines that have all these values (dotted keys; KEY~TEXT: contains)
eve() { python3 "$E2E/eve.py" "$EVE" "$@"; }
# eve_get KEY KEY=VALUE...: that key's value in the lines
eve_get() { python3 "$E2E/eve.py" -g "$1" "$EVE" "${@:2}"; }
eve_count() { eve "$@" | wc -l; }
clear_eve() { : >$EVE; }

# --- servers in wan ------------------------------------------------------------------------------

cert() {
	[ -f $T/key.pem ] && return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj /CN=e2e.example -keyout $T/key.pem -out $T/cert.pem 2>/dev/null || fatal "openssl req"
}
listening() { # tcp|udp PORT [ADDR]
	local o=-Hltn
	[ "$1" = tcp ] || o=-Hlun
	wan ss $o | awk '{ print $4 }' | grep -qF -- "${3:+$(host "$3")}:$2"
}
# serve tls|http|push|udp-push|... ADDR PORT [ARGS]: a server of net.py; its pid is in $SERVER
serve() {
	local kind=$1 a=$2 p=$3 proto=tcp
	shift 3
	cert
	exec_in wan python3 "$E2E/net.py" "$kind" "$a" "$p" --cert $T/cert.pem --key $T/key.pem "$@" \
		>>$LOG/server-"$kind".log 2>&1 &
	SERVER=$!
	case $kind in udp*) proto=udp ;; esac
	wait_for 10 listening $proto "$p" "$a" || fatal "server $kind on $a port $p does not start"
}
# both families at once
serve46() { # KIND N PORT [ARGS]
	local kind=$1 n=$2 p=$3
	shift 3
	serve "$kind" "$(addr 4 "$n")" "$p" "$@"
	serve "$kind" "$(addr 6 "$n")" "$p" "$@"
}
# openssl_server ADDR PORT: the real thing, one connection at a time
openssl_server() {
	cert
	exec_in wan openssl s_server -quiet -www -cert $T/cert.pem -key $T/key.pem -accept "$(endpoint "$1" "$2")" \
		</dev/null >>$LOG/s_server.log 2>&1 &
	SERVER=$!
	wait_for 10 listening tcp "$2" "$1" || fatal "openssl s_server on $1 port $2 does not start"
}

# --- clients ---------------------------------------------------------------------------------------

# get NS FAMILY N NAME PORT [CURL ARGS]: HTTPS with that server name; 0 if the page came
get() {
	local ns=$1 a
	a=$(addr "$2" "$3")
	"$ns" curl -sSk --noproxy '*' --connect-timeout "${CONNECT_TIME:-3}" --max-time "${MAX_TIME:-8}" \
		--resolve "$4:$5:$a" -o $T/body "${@:6}" "https://$4:$5/" >$T/client 2>&1
}
# tls NS FAMILY N NAME PORT [ARGS]: openssl s_client asks for a page; 0 if a handshake was made
tls() {
	local ns=$1 a name=(-noservername)
	a=$(addr "$2" "$3")
	[ -z "$4" ] || name=(-servername "$4")
	printf 'GET / HTTP/1.0\r\n\r\n' | timeout "${MAX_TIME:-8}" nsenter --net="/run/netns/$ns" \
		openssl s_client -quiet -connect "$(endpoint "$a" "$5")" "${name[@]}" "${@:6}" \
		>$T/body 2>$T/client && [ -s $T/body ]
}
# connects NS ADDR PORT [SECONDS]: does a TCP handshake succeed?
connects() { "$1" nc -vz -w "${4:-3}" "$2" "$3" >$T/client 2>&1; }
# refused NS ADDR PORT: is a connection reset or refused at once, not timed out?
refused() {
	"$1" nc -v -z -w 5 "$2" "$3" >$T/client 2>&1 && return 1
	grep -qiE 'refused|reset|prohibited|denied|unreachable' $T/client
}
net() { python3 "$E2E/net.py" "$@"; }

# --- checks ----------------------------------------------------------------------------------------

ok() { CHECKS=$((CHECKS + 1)); [ -z "${V:-}" ] || echo "  ok: $*"; }
bad() {
	CHECKS=$((CHECKS + 1)) FAILS=$((FAILS + 1))
	echo "  NOT OK: $*"
	return 1
}
fatal() {
	echo "  BROKEN: $*"
	FINISHED=1
	exit 1
}
# wait_for SECONDS COMMAND...: tries until it holds
wait_for() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}
# check WHAT COMMAND...
check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$what"
	else
		bad "$what: \`$*\` gave status $?: $(tail -n 5 <<<"$out") $(head -c 300 $T/client 2>/dev/null)"
	fi
}
# refuse WHAT COMMAND...: it must fail
refuse() {
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then bad "$what: \`$*\` went through"; else ok "$what"; fi
}
eq() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1: seen $2, expected $3"; fi; }
le() { if [ "$2" -le "$3" ]; then ok "$1"; else bad "$1: seen $2, expected at most $3"; fi; }
ge() { if [ "$2" -ge "$3" ]; then ok "$1"; else bad "$1: seen $2, expected at least $3"; fi; }
# seen WHAT KEY=VALUE...: such a line comes into the log within 5 s
seen() {
	local what=$1
	shift
	if wait_for "${SEEN_TIME:-5}" seen_now "$@"; then
		ok "$what"
	else
		bad "$what: no log line with $*; last lines:"
		tail -n 4 $EVE | cut -c 1-400 | sed 's/^/    /'
	fi
}
seen_now() { [ -f $EVE ] && eve "$@" >/dev/null; }
# unseen WHAT KEY=VALUE...: no such line (ask after something later was seen)
unseen() {
	local what=$1 out
	shift
	if out=$(eve "$@"); then bad "$what: unexpected log line: $(head -n 1 <<<"$out" | cut -c 1-400)"; else ok "$what"; fi
}
soon() { # WHAT COMMAND...: holds within 5 s
	local what=$1
	shift
	if wait_for "${SOON_TIME:-5}" "$@" >/dev/null 2>&1; then ok "$what"; else bad "$what: \`$*\` does not hold"; fi
}
# The sanitizers and the agent itself have nothing to say.
sanitizer_clean() {
	local f
	for f in "$LOG"/asan.* "$LOG"/ubsan.*; do
		[ -s "$f" ] || continue
		bad "sanitizer report:"
		head -n 40 "$f"
	done
	grep -q 'runtime error:' $LOG/sluiced.err 2>/dev/null && bad "$(grep 'runtime error:' $LOG/sluiced.err)"
	return 0
}
