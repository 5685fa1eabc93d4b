# SPDX-License-Identifier: GPL-2.0-or-later
"""Queries (RFC 1035) for the bad name; every message is judged by itself. What is not even taken
for DNS is stopped on its port as unknown."""
import struct

from wire import Case, both, noise


def qname(*labels):
    return b"".join(bytes([len(n)]) + n for n in labels) + b"\0"


def query(name, qtype=1, flags=0x0100, counts=(1, 0, 0, 0), tail=b"", klass=1):
    return struct.pack(">HHHHHH", 0x1234, flags, *counts) + name + struct.pack(">HH", qtype, klass) + tail


BAD = qname(b"x", b"bad", b"example")
GOOD = query(qname(b"a", b"fun", b"example"))
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
COOKIE = b"\0\0\x29\x04\xd0\0\0\0\0\0\x0c\0\x0a\0\x08" + noise(8)
PLAIN = {
    "plain": query(BAD),
    "0x20": query(qname(b"X", b"bAd", b"ExAMPle")),
    "EDNS": query(BAD, counts=(1, 0, 0, 1), tail=OPT),
    "EDNS cookie": query(BAD, counts=(1, 0, 0, 1), tail=COOKIE),
    "AAAA": query(BAD, 28), "TXT": query(BAD, 16), "NULL": query(BAD, 10), "ANY": query(BAD, 255),
    "HTTPS": query(BAD, 65), "SVCB": query(BAD, 64), "MX": query(BAD, 15), "type 65280": query(BAD, 65280),
    "no recursion": query(BAD, flags=0),
    "CHAOS": query(BAD, klass=3),
    "checking disabled": query(BAD, flags=0x0110),
    "unicast wanted": query(BAD, klass=0x8001),
    "deep": query(qname(*[b"a"] * 100, b"bad", b"example")),
    "label of 63": query(qname(b"a" * 63, b"bad", b"example")),
    "dot in a label": query(qname(b"x.bad.example")),
}
ODD = {
    "bytes behind": query(BAD) + b"zz",
    "a message behind": query(BAD) + GOOD,
    "pointer to itself": query(b"\xc0\x0c"),
    "pointer forward": query(b"\1x\xc0\x20") + BAD,
    "pointer loop": query(b"\1x\xc0\x0c"),
    "pointer into the header": query(b"\1x\xc0\x04"),
    "pointer beyond the end": query(b"\1x\xff\xff"),
    "label of 64": query(b"\x40" + b"a" * 64 + b"\3bad\7example\0"),
    "name of 300": query(qname(*[b"a" * 60] * 4, b"a" * 40, b"bad", b"example")),
    "two questions": query(BAD, counts=(2, 0, 0, 0)) + qname(b"good") + b"\0\1\0\1",
    "two questions, bad second": query(b"\1a\3fun\0", counts=(2, 0, 0, 0)) + BAD + b"\0\1\0\1",
    "two questions, one there": query(BAD, counts=(2, 0, 0, 0)),
    "65535 questions": query(BAD, counts=(65535, 0, 0, 0)),
    "cut name": query(BAD)[:20],
    "cut type": query(BAD)[:-3],
    "NUL in a label": query(qname(b"x\0", b"bad", b"example")),
    "space in a label": query(qname(b"x y", b"bad", b"example")),
    "bytes in a label": query(qname(b"\xff\xfe", b"bad", b"example")),
    "slash in a label": query(qname(b"x/y", b"bad", b"example")),
    "answer counts": query(BAD, counts=(1, 9, 9, 9)),
    "counts of 65535": query(BAD, counts=(1, 65535, 65535, 65535)),
    "an answer in a query": query(BAD, counts=(1, 1, 0, 0), tail=b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4"),
    "EDNS that runs out": query(BAD, counts=(1, 0, 0, 1), tail=OPT[:-2] + b"\0\x40"),
    "EDNS that is not there": query(BAD, counts=(1, 0, 0, 1)),
    "reserved label type": query(b"\x81x\3bad\7example\0"),
    "extended label type": query(b"\x41x\3bad\7example\0"),
    "opcode 2": query(BAD, flags=0x1000),
    "opcode 15": query(BAD, flags=0x7800),
    "marked as answer": query(BAD, flags=0x8180),
    "Z bit": query(BAD, flags=0x0140),
    "response code": query(BAD, flags=0x0103),
    "no question": query(b"", counts=(0, 0, 0, 0)),
    "one byte": b"\x12",
    "eleven bytes": query(BAD)[:11],
    "header alone": query(BAD)[:12],
    "random bytes": noise(40),
}


def framed(*messages):
    return b"".join(struct.pack(">H", len(m)) + m for m in messages)


def dns(v6):
    def udp(name, *messages, must="name", dport=53, rule=None):
        c = Case("DNS", name, must, dport, udp=True, v6=v6, rule=rule)
        for m in messages:
            c.datagram(m)
        return c

    def tcp(name, data, cuts=(), order=None, must="name", rule=None):
        return Case("DNS over TCP", name, must, 53, v6=v6, rule=rule).open().send(data, cuts, order)

    for name, m in PLAIN.items():
        yield udp(name, m)
        yield tcp(name, framed(m))
    for name, m in ODD.items():
        yield udp(name, m, must="told", rule="unknown")
        yield tcp(name, framed(m), must="told", rule="unknown")
    yield udp("no byte", b"", must="open", rule="unknown")
    yield udp("second query of a socket", GOOD, query(BAD))
    yield udp("behind what is no query", b"\0\0", query(BAD), must="told", rule="unknown")
    yield udp("on port 5000", query(BAD), dport=5000)
    m = framed(query(BAD))
    for cut in (1, 2, 3, 13, 14, 15, 20, 28, len(m) - 1):
        yield tcp("cut at %d" % cut, m, [cut])
        yield tcp("cut at %d, second first" % cut, m, [cut], [1, 0])
    yield tcp("a byte each", m, range(1, len(m)))
    yield tcp("second message", framed(GOOD) + m)
    yield tcp("second message in its own segment", framed(GOOD) + m, [len(GOOD) + 2])
    yield tcp("tenth message", framed(*[GOOD] * 9) + m)
    yield tcp("length too short", struct.pack(">H", 20) + m[2:], must="told", rule="unknown")
    yield tcp("length too long", struct.pack(">H", 2000) + m[2:], must="told", rule="unknown")
    yield tcp("no length", m[2:], must="told", rule="unknown")
    yield tcp("length of 0 first", b"\0\0" + m, must="told", rule="unknown")


def cases():
    return both(dns)
