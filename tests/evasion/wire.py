# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases are made of: one connection each, its packets, and what must come of it."""
import importlib.machinery
import importlib.util
import ipaddress
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
BAD, GOOD = "x.bad.example", "a.fun.example"  # of one length: a lie fits where the truth does
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def _craft():
    loader = importlib.machinery.SourceFileLoader("craft", os.path.join(HERE, "../tools/craft"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("craft", loader))
    loader.exec_module(module)
    return module


craft = _craft()


def hello(name=BAD, **o):
    """A ClientHello in TLS records."""
    return craft.hello(name, {k: str(v) for k, v in o.items()})


def handshake(name=BAD, **o):
    """The message alone."""
    return hello(name, **o)[5:]


def records(msg, sizes, version=b"\x03\x01"):
    """The message in records of these sizes; the last size goes on to the end."""
    out, at, i = b"", 0, 0
    while at < len(msg):
        n = sizes[min(i, len(sizes) - 1)]
        out += b"\x16" + version + struct.pack(">H", len(msg[at:at + n])) + msg[at:at + n]
        at, i = at + n, i + 1
    return out


def raw_hello(exts, versions=True):
    """A ClientHello with these extensions: (type, body) each."""
    exts = list(exts) + ([(43, b"\x04\x03\x04\x03\x03")] if versions else [])
    body = b"".join(struct.pack(">HH", t, len(b)) + b for t, b in exts)
    msg = b"\x03\x03" + b"\x5a" * 32 + b"\0" + b"\0\x04\x13\x01\xc0\x2f" + b"\1\0"
    msg += struct.pack(">H", len(body)) + body
    msg = b"\x01" + len(msg).to_bytes(3, "big") + msg
    return records(msg, [16384])


def sni(*names):
    """An extension body with these host names."""
    entries = b"".join(b"\0" + struct.pack(">H", len(n)) + n for n in names)
    return struct.pack(">H", len(entries)) + entries


FRAGMENTED = [1000]


def fragments(packet, size):
    """Its fragments, with an identification of their own."""
    FRAGMENTED[0] += 1
    for part in craft.fragments(packet, size):
        if part[0] >> 4 == 6:
            yield part[:44] + struct.pack(">I", FRAGMENTED[0]) + part[48:]
        else:
            head = part[:4] + struct.pack(">H", FRAGMENTED[0]) + part[6:10] + b"\0\0" + part[12:20]
            yield head[:10] + struct.pack(">H", craft.checksum(head)) + head[12:] + part[20:]


class Case:
    """One connection from a port of its own, or an address of its own where there are no ports.

    `must` is what may come of it:
      name   stopped by `rule`: all was there to be read
      told   that, or an anomaly in the log
      open   that, or undecided: something lacks
      free   anything: no receiver finds the bad name in it
      limit  anything, and it is listed: a way past us that is known
      clean  let through without a word: nothing is odd about it
    `kernel`: its decoys are invalid for conntrack, which never lets them come so far. `live`: no
    capture can show it. Only a live run has these. `alone`: from an address of its own, and told by
    that. `refused`: live the kernel does not even let the true words through. `says`: the anomaly that
    the log must name, whatever comes of it.
    """
    ports = 1024
    hosts = 10

    def __init__(self, group, name, must="told", dport=443, v6=False, udp=False, proto=None, ttl=64,
                 rule=None, kernel=False, live=False, alone=False,
                 refused=False, says=None):
        self.group, self.name, self.must, self.rule = group, name, must, rule
        self.kernel, self.live, self.refused, self.says = kernel, live, refused, says
        self.dport, self.v6, self.ttl = dport, v6, ttl
        self.proto = proto or (17 if udp else 6)
        self.src, self.dst = ("2001:db8:a::2", "2001:db8:b::5") if v6 else ("10.0.0.2", "203.0.113.5")
        self.sport = None
        self.alone = alone or self.proto not in (6, 17)
        if self.proto in (6, 17):
            Case.ports += 1
            self.sport = Case.ports
        if self.alone:
            Case.hosts += 1
            self.src = ("2001:db8:a::%x" if v6 else "10.0.0.%d") % Case.hosts
        self.packets = []  # (from client, ip bytes), or seconds to wait
        self.stream = {}  # what the client truly says: offset -> byte
        self.datagrams, self.lies = [], []  # truly said; not meant for the receiver
        self.isn, self.ack, self.ident = 1000, 5000, 1

    def key(self):
        return None if self.alone else self.sport, str(ipaddress.ip_address(self.src))

    def __str__(self):
        return "%s: %s (IPv%d)" % (self.group, self.name, 6 if self.v6 else 4)

    def ip(self, body, client=True, ttl=None, proto=None, ext=b"", frag=None):
        src, dst = (self.src, self.dst) if client else (self.dst, self.src)
        proto = self.proto if proto is None else proto
        packet = craft.ip_packet(src, dst, proto, ext + body, ttl or self.ttl, self.ident)
        self.ident += 1
        if isinstance(frag, int):
            parts = fragments(packet, frag)
        else:
            parts = frag(packet) if frag else [packet]
        self.packets.extend((client, part) for part in parts)

    def wait(self, seconds):
        self.packets.append(seconds)
        return self

    def sums(self, body, at, client):
        src, dst = (self.src, self.dst) if client else (self.dst, self.src)
        a, b = ipaddress.ip_address(src), ipaddress.ip_address(dst)
        pseudo = a.packed + b.packed + struct.pack(">IHBB", len(body), 0, 0, self.proto)
        return body[:at] + struct.pack(">H", craft.checksum(pseudo + body)) + body[at + 2:]

    def tcp(self, at, data=b"", flags=ACK | PSH, client=True, ack=None, urgent=0, opts=b"", bad_sum=False,
            lie=False, **ip):
        """A segment `at` bytes into the stream (-1: the SYN's place). `lie`: not what is truly said."""
        ports = (self.sport, self.dport) if client else (self.dport, self.sport)
        base, other = (self.isn, self.ack) if client else (self.ack, self.isn)
        body = struct.pack(">HHIIBBHHH", *ports, (base + 1 + at) & 0xffffffff,
                           (other + 1 if ack is None else ack) & 0xffffffff if flags & ACK else 0,
                           (20 + len(opts)) // 4 << 4, flags, 64240, 0, urgent) + opts + data
        body = self.sums(body, 16, client)
        if bad_sum:
            body = body[:16] + bytes([body[16] ^ 0x55]) + body[17:]
        if client and lie:
            self.lies.append(body)
        elif client:
            self.stream.update((max(at, 0) + i, b) for i, b in enumerate(data))
        self.ip(body, client, **ip)

    def open(self, opts=b""):
        self.tcp(-1, flags=SYN, opts=opts)
        self.tcp(-1, flags=SYN | ACK, client=False, opts=opts)
        self.tcp(0, flags=ACK)
        return self

    def send(self, data, cuts=(), order=None, **o):
        """The data in segments that end at `cuts`, in this order, and the server's word on it."""
        cuts = [0, *cuts, len(data)]
        parts = [(cuts[i], data[cuts[i]:cuts[i + 1]]) for i in range(len(cuts) - 1)]
        for i in order if order is not None else range(len(parts)):
            self.tcp(parts[i][0], parts[i][1], **o)
        self.tcp(0, flags=ACK, client=False, ack=self.isn + 1 + len(data))
        return self

    def datagram(self, data, client=True, bad_sum=False, **ip):
        ports = (self.sport, self.dport) if client else (self.dport, self.sport)
        body = self.sums(struct.pack(">HHHH", *ports, 8 + len(data), 0) + data, 6, client)
        if bad_sum:
            body = body[:6] + bytes([body[6] ^ 0x55]) + body[7:]
        if client:
            (self.lies if bad_sum else self.datagrams).append(body)
        self.ip(body, client, **ip)
        return self


def both(make):
    """The cases of a generator, over IPv4 and IPv6."""
    return [c for v6 in (False, True) for c in make(v6)]


def noise(n):
    """Bytes that look random, the same each time."""
    return craft.noise(n)
