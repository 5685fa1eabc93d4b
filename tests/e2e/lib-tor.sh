#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A private Tor network in wan, and a client in lan. A case sources this after lib.sh:
#
#   tor_up PORT      one directory authority and three relays, at server addresses 1 to 4, each
#                    with its ORPort at PORT; the authority's DirPort is 9030
#   tor_client NAME [LINE...]  a client in lan with a folder and a log of its own, and these lines
#                    in its config; its pid is in $TOR
#   tor_percent NAME how far it has got
#
# Everything is Debian's tor; intervals are as short as it allows. No packet leaves the namespaces.

# Usable as a library only.
[ -n "${E2E:-}" ] || { echo "lib-tor.sh: source lib.sh first" >&2; exit 2; }
TORS=$T/tor
TOR_RELAYS=4
TOR_NETWORK= # the lines that all have in common

tor_common() { # NAME
	cat <<-END
		DataDirectory $TORS/$1
		Log notice file $TORS/$1.log
		Log info file $TORS/$1.info
		SafeLogging 0
		ProtocolWarnings 1
		TestingTorNetwork 1
		AssumeReachable 1
		AssumeReachableIPv6 1
		PathsNeededToBuildCircuits 0.25
		$TOR_NETWORK
	END
}
tor_relay_conf() { # N PORT
	cat <<-END
		Nickname relay$1
		Address $(addr 4 "$1")
		OutboundBindAddress $(addr 4 "$1")
		ORPort $(addr 4 "$1"):$2
		ORPort [$(addr 6 "$1")]:$2
		SocksPort 0
		ExitRelay 1
		ExitPolicy accept *:*
		ServerDNSDetectHijacking 0
		ServerDNSTestAddresses
		NumCPUs 1
		ContactInfo nobody@e2e.example
	END
}
tor_authority_conf() {
	cat <<-END
		AuthoritativeDirectory 1
		V3AuthoritativeDirectory 1
		DirPort $(addr 4 1):9030
		AuthDirHasIPv6Connectivity 1
		V3AuthVotingInterval 20
		V3AuthVoteDelay 2
		V3AuthDistDelay 2
		V3AuthNIntervalsValid 3
		TestingV3AuthInitialVotingInterval 10
		TestingV3AuthInitialVoteDelay 2
		TestingV3AuthInitialDistDelay 2
		TestingDirAuthVoteExit *
		TestingDirAuthVoteGuard *
		TestingDirAuthVoteHSDir *
		TestingMinExitFlagThreshold 0
		TestingAuthDirTimeToLearnReachability 0
	END
}

# The authority's keys, and the line by which everybody knows it
tor_authority() { # PORT
	local keys=$TORS/1/keys finger ident
	mkdir -p "$keys" && chmod 700 "$TORS/1" "$keys"
	echo secret | tor-gencert --create-identity-key --passphrase-fd 0 -m 12 -a "$(addr 4 1):9030" \
		-i "$keys/authority_identity_key" -s "$keys/authority_signing_key" \
		-c "$keys/authority_certificate" >>"$T"/tor-keys.log 2>&1 || fatal "tor-gencert"
	ident=$(awk '$1 == "fingerprint" { print $2 }' "$keys/authority_certificate")
	{ tor_common 1; tor_relay_conf 1 "$1"; } >"$TORS/1.conf"
	finger=$(wan tor -f "$TORS/1.conf" --list-fingerprint \
		--DirAuthority "none 127.0.0.1:1 $(printf '%040d' 0)" 2>&1 | tee -a "$T"/tor-keys.log |
		sed -nE 's/^relay1 //p' | tr -d ' ')
	case "$ident:$finger" in :* | *:) false ;; esac || fatal "no authority keys: $(tail -n 3 "$T"/tor-keys.log)"
	TOR_NETWORK="DirAuthority relay1 orport=$1 no-v2 v3ident=$ident ipv6=[$(addr 6 1)]:$1 $(addr 4 1):9030 $finger"
}

tor_up() {
	local n
	command -v tor tor-gencert >/dev/null || fatal "tor is not installed: contrib/install-deps"
	mkdir -p "$TORS"
	tor_authority "$1"
	for n in $(seq 1 $TOR_RELAYS); do
		mkdir -p "$TORS/$n" && chmod 700 "$TORS/$n"
		{
			tor_common "$n"
			tor_relay_conf "$n" "$1"
			[ "$n" != 1 ] || tor_authority_conf
		} >"$TORS/$n.conf"
		exec_in wan tor -f "$TORS/$n.conf" --hush >>"$TORS/$n.out" 2>&1 &
	done
	for n in $(seq 1 $TOR_RELAYS); do
		wait_for 30 listening tcp "$1" "$(addr 4 "$n")" || fatal "relay $n: $(tail -n 5 "$TORS/$n".out)"
	done
	wait_for 60 tor_agreed || fatal "no consensus: $(tail -n 5 "$TORS"/1.log)"
	# A relay that has all descriptors can give them to clients.
	for n in $(seq 1 $TOR_RELAYS); do
		wait_for 60 tor_done "$n" || fatal "relay $n is not ready: $(tail -n 5 "$TORS/$n.log")"
	done
}
# Is there a consensus that names all relays?
tor_agreed() {
	wan curl -sf -m 2 "http://$(addr 4 1):9030/tor/status-vote/current/consensus-microdesc" >"$T"/consensus &&
		[ "$(grep -c '^r ' "$T"/consensus)" = $TOR_RELAYS ]
}

tor_client() {
	mkdir -p "$TORS/$1" && chmod 700 "$TORS/$1"
	{
		tor_common "$1"
		echo "SocksPort auto"
		printf '%s\n' "${@:2}"
	} >"$TORS/$1.conf"
	exec_in lan tor -f "$TORS/$1.conf" --hush >>"$TORS/$1.out" 2>&1 &
	TOR=$!
}
tor_stop() { # PID
	kill -TERM "$1"
	wait_for 10 dead "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
}
tor_percent() { sed -nE 's/.*Bootstrapped ([0-9]+)%.*/\1/p' "$TORS/$1.log" 2>/dev/null | tail -n 1 | grep . || echo 0; }
tor_done() { [ "$(tor_percent "$1")" = 100 ]; }

# The relays as the Tor project's onionoo tells them, from what the authority publishes
tor_onionoo() {
	wan curl -sf "http://$(addr 4 1):9030/tor/status-vote/current/consensus" | python3 -c '
import json, sys
relays = []
for line in sys.stdin:
    w = line.split()
    if w and w[0] == "r":
        relays.append({"nickname": w[1], "or_addresses": ["%s:%s" % (w[6], w[7])]})
    elif w and w[0] == "a":
        relays[-1]["or_addresses"].append(w[1])
json.dump({"version": "8.0", "relays_published": "2026-01-01 00:00:00", "relays": relays,
           "bridges_published": "2026-01-01 00:00:00", "bridges": []}, sys.stdout)'
}
