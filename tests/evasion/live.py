#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases through a live gateway: the client's packets are put on the wire in the network namespace
lan, the server's in wan, both from addresses that no kernel owns, so that none answers for them.

usage: live.py sources            the clients' addresses
       live.py rules              what the gateway has to have as its policy
       live.py run LAN_GW_MAC WAN_GW_MAC EVE_FILE

Prints the table of judge.py. What else must hold: of a connection that was stopped the far side has not
got all that the client said; of a harmless one it has.
"""
import collections
import ctypes
import os
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judge  # noqa: E402
from wire import SYN, craft  # noqa: E402

TOGETHER = 32  # cases at a time
MARKER = ("10.0.0.9", "203.0.113.9")
MARKER_PORT = 20000
BEHIND = 1  # s: so far the log may be behind
LOST = 20  # s: so long a packet cannot be on its way
TOLD = 25  # s: budgets in time end, and the log is written
CLONE_NEWNET = 0x40000000


class Wire:
    """An interface of a namespace; whole IP packets that come in."""

    def __init__(self, namespace, gateway_mac):
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/run/netns/" + namespace, "rb") as f:
            if libc.setns(f.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.s.bind(("eth0", 3))
        self.head = bytes.fromhex(gateway_mac.replace(":", "")) + self.s.getsockname()[4]
        self.parts = {}
        self.got = []
        self.marker = 0
        self.more = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()

    def send(self, ip):
        self.s.send(self.head + (b"\x08\0" if ip[0] >> 4 == 4 else b"\x86\xdd") + ip)

    def listen(self):
        while True:
            frame, where = self.s.recvfrom(70000)
            if where[2] == socket.PACKET_OUTGOING or where[1] not in (0x0800, 0x86dd):
                continue
            packet = self.whole(frame[14:])
            if not packet:
                continue
            with self.more:
                proto, _, _, body = packet
                if proto == 17 and body[8:14] == b"marker":
                    self.marker = max(self.marker, int(body[14:]))
                    self.more.notify()
                else:
                    self.got.append(packet)

    def whole(self, ip):
        """(protocol, source, destination, what it carries), of a fragment when all have come."""
        if ip[0] >> 4 == 4:
            n, ident, off = struct.unpack(">HHH", ip[2:8])
            proto, src, dst = ip[9], socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
            body, at, more = ip[(ip[0] & 15) * 4:n], (off & 0x1fff) * 8, off >> 13 & 1
        else:
            proto, body, at, more, ident = ip[6], ip[40:40 + struct.unpack(">H", ip[4:6])[0]], 0, 0, 0
            src, dst = (socket.inet_ntop(socket.AF_INET6, ip[i:i + 16]) for i in (8, 24))
            while proto in (0, 43, 44, 51, 60):
                size = 8 if proto == 44 else body[1] * 4 + 8 if proto == 51 else body[1] * 8 + 8
                if proto == 44:
                    off, ident = struct.unpack(">HI", body[2:8])
                    at, more = off & 0xfff8, off & 1
                proto, body = body[0], body[size:]
                if at:
                    break
        if not at and not more:
            return proto, src, dst, body
        parts = self.parts.setdefault((src, dst, ident), {})
        parts[at] = (body, more)
        out, at = b"", 0
        while at in parts:
            out, more = out + parts[at][0], parts[at][1]
            at += len(parts[at][0])
            if not more:
                del self.parts[src, dst, ident]
                return proto, src, dst, out
        return None

    def wait(self, number):
        """Until that marker has come, and with it all that was sent before."""
        with self.more:
            if not self.more.wait_for(lambda: self.marker >= number, LOST):
                sys.exit("live: a marker has not come through the gateway")


class Field:
    """Both sides, and the way between."""

    def __init__(self, lan, wan):
        self.sides = {True: lan, False: wan}
        self.markers = 0

    def mark(self, client):
        """
        All that this side has sent has gone through the gateway, or never will: packets keep their
        order. A client's marker is the first of a new flow, so it waits in the queue with the others.
        """
        if client:
            self.markers += 1
        ports = (MARKER_PORT + self.markers, 9)
        addrs = MARKER if client else MARKER[::-1]
        data = b"marker%d" % self.markers
        body = struct.pack(">HHHH", *(ports if client else ports[::-1]), 8 + len(data), 0) + data
        self.sides[client].send(craft.ip_packet(*addrs, 17, body, 64, 1))
        self.sides[not client].wait(self.markers)

    def go(self, steps):
        """What each has to send, up to where it waits: first all clients, then all servers, and so on."""
        at = [0] * len(steps)
        client = True
        while any(i < len(packets) for i, packets in zip(at, steps)):
            for n, packets in enumerate(steps):
                while at[n] < len(packets) and packets[at[n]][0] == client:
                    self.sides[client].send(packets[at[n]][1])
                    at[n] += 1
            self.mark(client)
            client = not client


class Runner:
    """One case on its way: what lies between its pauses."""

    def __init__(self, case):
        self.steps, self.pauses = [[]], []
        for p in case.packets:
            if isinstance(p, tuple):
                self.steps[-1].append(p)
            else:
                self.pauses.append(p)
                self.steps.append([])
        self.due = 0

    def step(self):
        packets = self.steps.pop(0)
        if self.pauses:
            self.due = time.monotonic() + self.pauses.pop(0)
        return packets


class Follower:
    """The agent's log as it grows."""

    def __init__(self, path):
        self.f = open(path, encoding="utf-8")
        self.log = judge.Log()
        self.rest = ""

    def wait(self, cases, seconds):
        """Until it tells of all these, as far as something has to be told."""
        end = time.monotonic() + seconds
        while True:
            lines = (self.rest + self.f.read()).split("\n")
            self.rest = lines.pop()
            self.log.take(lines)
            if time.monotonic() > end or all(judge.come_of(self.log.of(c)) != "open" for c in cases):
                return
            time.sleep(0.005)


def play(field, cases, follower):
    fast = [c for c in cases if all(isinstance(p, tuple) for p in c.packets)]
    slow = [Runner(c) for c in cases if not all(isinstance(p, tuple) for p in c.packets)]
    while fast or slow:
        now = time.monotonic()
        due = [r for r in slow if r.due <= now]
        field.go([r.step() for r in due] + [c.packets for c in fast[:TOGETHER]])
        # no faster than the log: events that it has no room for are lost, and counted
        follower.wait([c for c in fast[:TOGETHER] if c.must == "name"], BEHIND)
        fast = fast[TOGETHER:]
        slow = [r for r in slow if r.steps]
        if slow and not fast:
            time.sleep(max(0, min(r.due for r in slow) - time.monotonic()))


def arrivals(wan, cases):
    """Case -> what came out for it: the transport's bytes."""
    by_flow = {(c.proto, c.src, c.sport): c for c in cases}
    out = collections.defaultdict(list)
    for proto, src, _, body in wan.got:
        sport = struct.unpack(">H", body[:2])[0] if proto in (6, 17) and len(body) > 3 else None
        case = by_flow.get((proto, src, sport))
        if case:
            out[case].append(body)
    return out


def has_all(case, bodies):
    """Has the far side got all that the client said?"""
    if case.proto != 6:
        return all(d in bodies for d in case.datagrams)
    got = set()
    for b in bodies:
        seq, = struct.unpack(">I", b[4:8])
        at = seq + (1 if b[13] & SYN else 0) - (case.isn + 1)
        for i, byte in enumerate(b[(b[12] >> 4) * 4:]):
            place = (at + i) & 0xffffffff
            if case.stream.get(place) == byte:
                got.add(place)
    return len(got) == len(case.stream)


def outcome(case, seen, bodies, whole):
    result = judge.come_of(seen)
    if case.kernel and result == "stopped" and not any(b in case.lies for b in bodies):
        return "kernel"
    if case.refused and result == "open" and not whole:
        return "kernel"
    return result


def run(lan_mac, wan_mac, eve):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # packets of a side keep their order
    cases = judge.all_cases()
    wan = Wire("wan", wan_mac)
    follower = Follower(eve)
    play(Field(Wire("lan", lan_mac), wan), cases, follower)
    follower.wait([c for c in cases if c.must in ("name", "told", "clean")], TOLD)
    came = arrivals(wan, cases)
    results, reasons = [], []
    for case in cases:
        seen, bodies = follower.log.of(case), came[case]
        whole = has_all(case, bodies)
        result = outcome(case, seen, bodies, whole)
        why = judge.wrong(case, seen, result)
        late = "budget" in seen.anomalies  # stopped when the time was up
        if not why and result in ("stopped", "kernel") and whole and not late:
            why = "but the far side has got all of it"
        if not why and case.group == "harmless" and not whole:
            why = "but the far side has not got all of it"
        judge.tell(case, seen, result, why, os.environ.get("V"))
        results.append(result)
        reasons.append(why)
    return 0 if judge.report(cases, results, reasons) else 1


def main():
    if sys.argv[1:] == ["sources"]:
        print("\n".join(sorted({c.src for c in judge.all_cases()} | {MARKER[0]})))
    elif sys.argv[1:] == ["rules"]:
        print(judge.RULES)
    elif len(sys.argv) == 5 and sys.argv[1] == "run":
        return run(*sys.argv[2:])
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
