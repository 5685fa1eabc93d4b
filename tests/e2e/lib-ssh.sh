#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# OpenSSH between lan and wan. A case sources this after lib.sh.
[ -n "${E2E:-}" ] || { echo "lib-ssh.sh: source lib.sh first" >&2; exit 2; }

# sshd N PORT...: a server at the N-th address of both families
sshd_up() {
	local f p n=$1
	shift
	command -v sshd ssh >/dev/null || fatal "openssh is not installed: contrib/install-deps"
	mkdir -p /run/sshd # our /run is empty
	[ -f "$T"/host_key ] || ssh-keygen -q -t ed25519 -N '' -f "$T"/host_key
	{
		printf '%s\n' "HostKey $T/host_key" "PidFile none" "UsePAM no" "StrictModes no" "PermitRootLogin yes" \
			"AuthorizedKeysFile $T/host_key.pub" "LogLevel INFO"
		for p in "$@"; do
			for f in 4 6; do echo "ListenAddress $(host "$(addr $f "$n")"):$p"; done
		done
	} >"$T"/sshd.conf
	exec_in wan "$(command -v sshd)" -D -e -f "$T"/sshd.conf >>"$LOG"/sshd.log 2>&1 &
	for p in "$@"; do
		for f in 4 6; do
			wait_for 10 listening tcp "$p" "$(addr $f "$n")" || fatal "sshd: $(tail -n 3 "$LOG"/sshd.log)"
		done
	done
}
# ssh_in NS FAMILY N PORT [ARGS]: 0 if a command was run over there
ssh_in() {
	local a
	a=$(addr "$2" "$3")
	timeout "${MAX_TIME:-8}" nsenter --net="/run/netns/$1" ssh -F none -i "$T"/host_key -p "$4" -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=4 "${@:5}" \
		root@"$a" echo over there </dev/null >"$T"/body 2>"$T"/client
	grep -q '^over there' "$T"/body
}
