# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments and IP: what a hello can be cut into, hidden under and preceded by."""
import itertools
import struct

from wire import ACK, Case, FIN, GOOD, PSH, RST, SYN, URG, both, fragments, hello

MD5 = b"\x13\x12" + b"\xab" * 16 + b"\0\0"  # RFC 2385


def times(value, echo=0):
    """The timestamps option (RFC 7323 section 3.2)."""
    return b"\1\1\x08\x0a" + struct.pack(">II", value & 0xffffffff, echo)


def segments(v6):
    h = hello()

    def case(name):
        return Case("segments", name, "name", v6=v6).open()

    yield case("one byte each").send(h, range(1, len(h)))
    cuts = range(8, len(h), 8)
    yield case("eight bytes each, backwards").send(h, cuts, range(len(cuts), -1, -1))
    for at in range(1, len(h)):
        yield case("cut at %d" % at).send(h, [at])
    for at in (1, 2, 4, 5, 6, 9, 11, 43, 44, 76, 77, 90, 100, 110, 120, 150, 200, len(h) - 1):
        yield case("cut at %d, second first" % at).send(h, [at], [1, 0])
    for order in itertools.permutations(range(5)):
        yield case("five in order %s" % "".join(map(str, order))).send(h, [20, 60, 110, 160], order)
    c = case("each twice")
    c.send(h, [50, 100])
    yield c.send(h, [50, 100])
    c = case("equal overlap")
    c.tcp(0, h[:100])
    c.tcp(50, h[50:])
    yield c
    c = case("keep-alives between")
    c.tcp(0, h[:80])
    c.tcp(-1, b"\0", flags=ACK, lie=True)
    c.tcp(80, h[80:])
    yield c
    c = Case("segments", "sequence numbers go round", "name", v6=v6)
    c.isn = 0xffffff80
    yield c.open().send(h, [50, 100, 150], [3, 2, 1, 0])
    yield Case("segments", "with timestamps", "name", v6=v6).open(times(9000)).send(h, [90], opts=times(9001))
    yield Case("segments", "signed from the start", "name", v6=v6).open(MD5).send(h, [90], opts=MD5)
    for name, first in (("whole in the SYN", h), ("half in the SYN", h[:100])):
        c = Case("segments", name, "name", v6=v6)
        c.tcp(-1, first, flags=SYN)
        c.tcp(-1, flags=SYN | ACK, client=False, ack=c.isn + 1 + len(first))
        c.tcp(len(first), flags=ACK)
        if first != h:
            c.tcp(len(first), h[len(first):])
        yield c
    c = Case("segments", "in the SYN, refused, and sent again", "name", v6=v6)
    c.tcp(-1, h[:60], flags=SYN)
    c.tcp(-1, flags=SYN | ACK, client=False)
    c.tcp(0, flags=ACK)
    yield c.send(h)


def in_parts(v6):
    """Conntrack puts them together; of overlapping ones it lets none through (RFC 5722)."""
    h = hello()

    def case(name, **o):
        return Case("fragments", name, "name", v6=v6, **o).open()

    def turned(size):
        return lambda packet: reversed(list(fragments(packet, size)))

    def overlapping(packet):
        parts = list(fragments(packet, 64))
        other = bytearray(parts[2])
        other[-8:] = b"otherone"
        return parts[:2] + [bytes(other)] + parts[2:]

    for size in (8, 24, 64, 128):
        # Linux takes no IPv6 fragments that part the header of TCP (RFC 7112)
        refused = v6 and size < 20
        yield case("of %d" % size, refused=refused).send(h, frag=size)
        yield case("of %d, the last first" % size, refused=refused).send(h, frag=turned(size))
    yield case("of each of two segments").send(h, [120], frag=64)
    c = case("a part twice, with other bytes", kernel=True)
    c.tcp(0, h, frag=overlapping)
    yield c.send(h)
    c = case("a first one alone", kernel=True)
    c.tcp(0, hello(GOOD), lie=True, frag=lambda packet: list(fragments(packet, 64))[:1])
    yield c.send(h)


def overlaps(v6):
    h, lie = hello(), hello(GOOD)
    places = {"first": (0, 60), "name": (90, 150), "last": (len(h) - 40, len(h)), "all": (0, len(h))}
    for where, (a, b) in places.items():
        name = where + ", other bytes "
        part = lie[a:b] if h[a:b] != lie[a:b] else bytes(x ^ 1 for x in h[a:b])
        # In order the receiver has taken the first copy, as we have.
        c = Case("overlap", name + "first", "told" if a else "free", v6=v6).open()
        c.tcp(a, part, lie=True)
        yield c.send(h, [a] if a else [])
        c = Case("overlap", name + "later", v6=v6).open()
        c.tcp(0, h[:min(b, len(h) - 20)])
        c.tcp(a, part, lie=True)
        yield c.send(h)
        c = Case("overlap", name + "behind a hole", v6=v6).open()
        c.tcp(a + 1, h[a + 1:b])
        c.tcp(a + 1, part[1:], lie=True)
        c.says = "overlap"
        yield c.send(h, [a + 1])
    for at in range(60, len(h) - 8, 9):
        c = Case("overlap", "eight others at %d" % at, v6=v6, says="overlap").open()
        c.tcp(at, bytes(x ^ 0x20 for x in h[at:at + 8]), lie=True)
        yield c.send(h)
    for pad in (1, 7, 40):
        c = Case("overlap", "behind a hole, %d bytes" % pad, v6=v6).open()
        c.tcp(100, h[100:])
        c.tcp(100, b"\xee" * pad, lie=True)
        c.tcp(0, h[:100])
        yield c


# Not for the receiver: what is odd about the segment that carries the good name.
DECOYS = {
    "below the window": {"at": -2000, "says": "decoy"},
    "far below": {"at": -2000000, "says": "decoy"},
    "just below": {"at": -len(hello()), "says": "decoy"},
    "a quarter of all numbers below": {"at": -(1 << 30), "says": "decoy"},
    "a second SYN": {"at": 5000, "flags": SYN, "says": "decoy"},
    "SYN again with data": {"at": -1, "flags": SYN, "says": "decoy"},
    "MD5 option": {"opts": MD5, "says": "md5-option"},
    "TTL 2": {"ttl": 2, "says": "low-ttl"},
    "TTL 4": {"ttl": 4, "says": "low-ttl"},
    "TTL 20": {"ttl": 20, "says": "low-ttl"},
    "RST with data": {"flags": RST | ACK},
    # conntrack: tcp_error, tcp_in_window and the table of states
    "above the window": {"at": 20000000, "kernel": True},
    "half of all numbers above": {"at": (1 << 31) - 2000, "kernel": True},
    "ACK of the future": {"ack": 900000000, "kernel": True},
    "bad checksum": {"bad_sum": True, "kernel": True},
    "no flags": {"flags": 0, "kernel": True},
    "FIN alone": {"flags": FIN, "kernel": True},
    "PSH alone": {"flags": PSH, "kernel": True},
    "SYN and FIN": {"flags": SYN | FIN, "kernel": True},
    "all flags": {"flags": SYN | FIN | RST | PSH | ACK | URG, "kernel": True},
    "SYN and ACK with data": {"flags": SYN | ACK, "kernel": True},
    "TTL 1": {"ttl": 1, "kernel": True},
}


def decoys(v6):
    h, lie = hello(), hello(GOOD)

    def case(name, **o):
        return Case("decoys", name, v6=v6, **o)

    for name, o in DECOYS.items():
        o = dict(o)
        at, kernel, says = o.pop("at", 0), o.pop("kernel", False), o.pop("says", None)
        c = case(name, kernel=kernel, says=says).open()
        c.tcp(at, lie, lie=True, **o)
        yield c.send(h)
        c = case(name + ", then in pieces", kernel=kernel, says=says).open()
        c.tcp(at, lie[:40], lie=True, **o)
        yield c.send(h, [60, 120], [1, 0, 2])
        c = case(name + ", in the middle", kernel=kernel, says=says).open()
        c.tcp(0, h[:90])
        c.tcp(at + 90, lie[90:], lie=True, **o)
        yield c.send(h)
    c = case("RST that is not meant").open()
    c.tcp(7, flags=RST)
    yield c.send(h)
    c = case("FIN from above the window", kernel=True).open()
    c.tcp(20000000, flags=FIN | ACK, lie=True)
    yield c.send(h)
    c = case("two SYNs, the second counts", says="decoy")
    c.tcp(-1, flags=SYN)
    c.isn = 777000
    yield c.open().send(h)
    c = case("two SYNs, the first counts", says="decoy")
    c.tcp(-1, flags=SYN)
    c.tcp(776999, flags=SYN)
    yield c.open().send(h)
    # While the SYN is looked at conntrack does not know it: the data is a flow of its own there, and
    # comes to us, too; later it is invalid
    c = Case("decoys", "data before the handshake ends", "name", v6=v6, live=True)
    c.tcp(-1, flags=SYN)
    c.tcp(0, lie, lie=True)
    yield c.open().send(h)
    # Before the handshake, to be taken for a flow from the middle; lost behind the gateway
    for name, ttl in (("", 64), (", TTL 2", 2)):
        c = case("data before the SYN" + name)
        c.tcp(0, lie, lie=True, ttl=ttl)
        yield c.open().send(h)
        c = case("data before the SYN, refused" + name)
        c.tcp(0, lie, lie=True, ttl=ttl)
        c.tcp(0, flags=RST, client=False)
        yield c.open().send(h)
        c = case("data before the SYN, other numbers" + name)
        c.isn += 500000
        c.tcp(0, lie, lie=True, ttl=ttl)
        c.isn -= 500000
        yield c.open().send(h)
    # Out of the past for the receiver (RFC 7323 section 5, RFC 5961 section 5)
    for past in (2, 1000, 1 << 30):
        c = case("timestamp of %d before" % past, says="decoy").open(times(900000))
        c.tcp(0, lie, lie=True, opts=times(900000 - past))
        yield c.send(h, opts=times(900001))
    c = case("timestamp of the past, in the middle", says="decoy").open(times(900000))
    c.tcp(0, h[:90], opts=times(900500))
    c.tcp(90, lie[90:], lie=True, opts=times(900400))
    yield c.send(h, [90], opts=times(900501))
    # The server's numbers are not known here: conntrack lets it pass, and no SYN+ACK is looked at
    c = Case("decoys", "ACK of the past", "limit", v6=v6).open()
    c.tcp(0, lie, lie=True, ack=c.ack - 200000)
    yield c.send(h)
    # Of these the receiver takes the first copy: nothing is hidden
    yield case("broken option").open().send(h, opts=b"\x13\x40\0\0")
    yield case("old ACK within the window").open().send(h, ack=99)


def urgent(v6):
    h = hello()
    for at in (0, 1, 5, 9, 43, 100, 140, len(h) - 1):
        c = Case("urgent", "byte %d is extra" % at, v6=v6, says="urgent").open()
        yield c.send(h[:at] + b"Z" + h[at:], flags=ACK | PSH | URG, urgent=at + 1)
        c = Case("urgent", "byte %d is its own" % at, v6=v6, says="urgent").open()
        yield c.send(h, flags=ACK | PSH | URG, urgent=at + 1)
    c = Case("urgent", "three of them", v6=v6).open()
    b = h[:50] + b"A" + h[50:90] + b"B" + h[90:] + b"C"
    c.tcp(0, b[:60], flags=ACK | URG, urgent=51)
    c.tcp(60, b[60:100], flags=ACK | URG, urgent=32)
    yield c.send(b)


# Chains of extension headers (RFC 8200 section 4): hop-by-hop 0, routing 43, fragment 44,
# authentication 51, destination options 60.
CHAINS = {
    "hop-by-hop": [0], "destination options": [60], "routing": [43], "atomic fragment": [44],
    "authentication": [51], "all of them": [0, 60, 43, 44, 60], "eight deep": [0] + [60] * 7,
    "nine deep": [0] + [60] * 8, "long options": [60],
}


def chain_bytes(chain, long):
    out = b""
    for i, kind in enumerate(chain):
        following = chain[i + 1] if i + 1 < len(chain) else 6
        if kind == 44:
            out += struct.pack(">BBHI", following, 0, 0, 7)
        elif kind == 43:
            out += bytes([following, 0, 0, 0]) + b"\0" * 4
        elif kind == 51:
            out += bytes([following, 4, 0, 0]) + b"\0\0\1\0\0\0\0\1" + b"\xaa" * 12
        elif long:
            out += bytes([following, 4]) + b"\1\x24" + b"\0" * 36
        else:
            out += bytes([following, 0]) + b"\1\4\0\0\0\0"
    return out


def headers():
    for name, chain in CHAINS.items():
        deep = len(chain) > 8  # not read, and told of the address; conntrack reads it
        if 51 in chain:  # to nftables a protocol like any other, and not looked into
            c = Case("headers", "IPv6 " + name, "name", v6=True, alone=True, rule="tunnel")
        else:
            c = Case("headers", "IPv6 " + name, v6=True, alone=deep, live=deep)
        ext = chain_bytes(chain, "long" in name)
        plain = c.ip

        def ip(body, client=True, first=chain[0], ext=ext, plain=plain, **o):
            plain(body, client, ext=ext, proto=first, **o)

        c.ip = ip
        yield c.open().send(hello())


def midstream(v6):
    """Flows that are met after their beginning: conntrack picks them up, and so does the agent."""
    h = hello()

    def case(name, must="name"):
        return Case("mid-stream", name, must, v6=v6)

    yield case("a hello is the first that is seen").send(h)
    yield case("in two parts").send(h, [100])
    c = case("in two parts, the second first", "told")
    yield c.send(h, [100], [1, 0])
    c = case("a pure ACK first")
    c.tcp(0, flags=ACK)
    yield c.send(h)
    c = case("the end of a hello", "open")
    c.tcp(60, h[60:])
    yield c


def slow(v6):
    """Who takes longer than the budget in time gets what its rules say, and a word in the log."""
    h = hello()

    def case(name):
        return Case("slow", name, v6=v6).open()

    c = case("a byte a second")
    for i in range(12):
        c.tcp(i, h[i:i + 1])
        c.wait(1)
    yield c.send(h, [12])
    c = case("half, and after 11 s the rest")
    c.tcp(0, h[:100])
    c.wait(11)
    yield c.send(h, [100])
    c = Case("slow", "two parts, 3 s apart", "name", v6=v6).open()
    c.tcp(0, h[:100])
    c.wait(3)
    yield c.send(h, [100])


def cases():
    out = []
    for make in (segments, in_parts, overlaps, decoys, urgent, midstream, slow):
        out += both(make)
    return out + list(headers())
