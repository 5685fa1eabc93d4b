# SPDX-License-Identifier: GPL-2.0-or-later
"""Forms of a ClientHello: over records, of all sizes, with odd names in it."""
import struct

from wire import BAD, Case, GOOD, both, handshake, hello, noise, raw_hello, records, sni


def layouts(v6):
    m = handshake()

    def case(name, data, must="name"):
        return Case("records", name, must, v6=v6).open().send(data)

    for n in (*range(1, 33), 37, 45, 50, 64, 77, 90, 100, 111, 128, 150, 175, 200):
        yield case("of %d bytes" % n, records(m, [n]), "told" if len(m) / n > 64 else "name")
    for first in (1, 2, 3, 4, 5, 6, 34, 38, 39, 40, 70, 71, 80, 90, 96, 100, 110, 120, 150, len(m) - 1):
        yield case("%d and the rest" % first, records(m, [first, 16384]))
    for v in (b"\x03\x00", b"\x03\x02", b"\x03\x03", b"\x03\x04", b"\x03\xff"):
        yield case("version %s" % v.hex(), records(m, [16384], v))
    for at in (5, 60, 110):
        c = Case("records", "of 40 in segments cut at %d" % at, "name", v6=v6).open()
        yield c.send(records(m, [40]), range(at, len(m), at))
    empty = b"\x16\x03\x01\0\0"
    halves = records(m[:50], [50]), records(m[50:], [16384])
    yield case("empty first", empty + records(m, [16384]), "told")
    yield case("empty between", empty.join(halves), "told")
    yield case("100 empty", empty * 100 + records(m, [16384]), "told")
    yield case("alert between", b"\x15\x03\x01\0\2\1\0".join(halves), "told")
    yield case("change of cipher between", b"\x14\x03\x01\0\1\1".join(halves), "told")
    yield case("data between", b"\x17\x03\x01\0\4data".join(halves), "told")
    yield case("longer than allowed", b"\x16\x03\x01\x48\x01" + m + bytes(18433 - len(m)), "told")


def sizes(v6):
    """Up to 16 KiB, what a post-quantum key share makes it, and what only fills."""
    def case(name, data, must="name"):
        c = Case("sizes", name, must, v6=v6).open()
        return c.send(data, range(1400, len(data), 1400))

    bad = (0, sni(BAD.encode()))
    yield case("post-quantum", hello(pq=""))
    for n in (500, 1300, 1420, 4000, 8000, 12000, 15800):
        yield case("padded to %d" % n, raw_hello([bad, (21, b"\0" * n)]))
        yield case("padded to %d, name last" % n, raw_hello([(21, b"\0" * n), bad]))
    yield case("beyond 16 KiB", raw_hello([(21, b"\0" * 16000), (1000, b"\0" * 400), bad]), "told")
    for n in (100, 400):
        yield case("last of %d extensions" % n, raw_hello([(1000 + i, b"") for i in range(n)] + [bad]))
    yield case("600 extensions", raw_hello([(1000 + i, b"") for i in range(600)] + [bad]), "told")
    m = handshake()
    many = m[:38 + 33] + struct.pack(">H", 8000) + b"\x13\x01" * 4000 + m[38 + 33 + 20:]
    yield case("4000 ciphers", records(b"\x01" + (len(many) - 4).to_bytes(3, "big") + many[4:], [16384]))
    yield case("cut short", hello()[:150], "open")


def forms(v6):
    """What is odd in it, and no name."""
    bad = (0, sni(BAD.encode()))

    def case(name, data, must="told", **o):
        return Case("hellos", name, must, v6=v6, **o).open().send(data)

    for name, alpn in (("empty list", b"\0\0"), ("empty name", b"\0\1\0"), ("no ASCII", b"\0\3\2\xff\x80"),
                       ("list too long", b"\0\x09\2h2"), ("NUL", b"\0\3\2\0\0")):
        yield case("ALPN, " + name, raw_hello([(16, alpn), bad]))
    yield case("GREASE first", raw_hello([(0x0a0a, b""), (0x1a1a, b"\0"), bad]), "name")
    yield case("GREASE everywhere", hello(cipher="0a0a,1301,c02f,fafa"), "name")
    yield case("no ALPN", hello(alpn="none"), "name")
    yield case("name last", raw_hello([(23, b""), (65281, b"\0"), (10, b"\0\2\0\x1d"), bad]), "name")
    yield case("an extension twice", raw_hello([(23, b""), bad, (23, b"")]))
    yield case("with ECH", hello(ech=""), "name")
    yield case("ECH under another name", hello(GOOD, ech=""), "name", rule="ech")
    yield case("no name at all", hello("-"), "name", dport=4433, rule="nameless")
    yield case("bytes behind", hello() + b"\x14\x03\x03\0\1\1\x17\x03\x03\0\2zz", "name")
    yield case("two hellos, bad first", hello() + hello(GOOD), "name")
    yield case("two in one record", records(handshake() + handshake(GOOD), [16384]))
    yield case("good, then bad in one record", records(handshake(GOOD) + handshake(), [16384]), "free")
    whole = hello()
    for at in (1, 5, 6, 8, 38, 80, len(whole) - 3):
        broken = bytearray(whole)
        broken[at] ^= 0xff
        yield case("byte %d turned" % at, bytes(broken), "open" if at > 1 else "free")
    # RFC 5246 appendix E.2
    v2 = b"\1\3\1" + struct.pack(">HHH", 6, 0, 16) + b"\0\0\x2f\1\0\x80" + b"\x5a" * 16
    yield case("SSLv2", struct.pack(">H", 0x8000 | len(v2)) + v2, "name", dport=4433, rule="nameless")


ONE_FORM = {
    "as it is": BAD, "upper case": BAD.upper(), "mixed case": "X.bAd.ExAmPlE", "final dot": BAD + ".",
    "upper case and dot": BAD.upper() + ".", "longest label": "a" * 63 + ".bad.example",
    "deep": "a." * 100 + BAD, "underscore": "_a." + BAD, "A-label": "xn--bcher-kva.bad.example",
    "digits": "1.2.3.bad.example", "hyphens": "a--b.bad.example", "253 bytes": "a." * 120 + BAD,
    "one letter": "b.bad.example",
}
ODD = {
    "two dots": BAD + "..", "first a dot": "." + BAD, "empty label": "x..bad.example",
    "NUL at the end": BAD + "\0", "NUL inside": "x.bad.example\0.good.example", "NUL first": "\0" + BAD,
    "space": BAD + " ", "space first": " " + BAD, "line end": BAD + "\r\n", "line feed": BAD + "\n",
    "Latin-1": "b\xfccher.bad.example", "label of 64": "a" * 64 + ".bad.example",
    "256 bytes": "a." * 122 + BAD, "4000 bytes": "a." * 2000 + BAD, "address": "203.0.113.9",
    "IPv6 address": "2001:db8::9", "in brackets": "[2001:db8::9]", "slash": BAD + "/x", "port": BAD + ":443",
    "at sign": "good@" + BAD, "percent": "%78.bad.example", "star": "*.bad.example", "empty": "",
    "one dot": ".", "tab": "x\t.bad.example",
    "delete": BAD + "\x7f", "backslash": "x\\.bad.example", "comma": "a," + BAD,
    "quote": "\"" + BAD + "\"", "high bit": "x.bad.exampl\xe5", "full stop of CJK": "x\u3002bad.example",
    "soft hyphen": "x.ba\u00add.example", "wide letters": "x.\uff42ad.example",
    "bare UTF-8": "b\u00fc.bad.example",
}


def names(v6):
    """Server names (RFC 6066 section 3): of one form when compared, or said to be odd."""
    bad, good = BAD.encode(), GOOD.encode()

    def case(name, exts, must="told"):
        return Case("server names", name, must, v6=v6).open().send(raw_hello(exts))

    for name, text in ONE_FORM.items():
        yield case(name, [(0, sni(text.encode()))], "name")
    for name, text in ODD.items():
        wide = any(ord(c) > 255 for c in text) or "UTF" in name
        yield case(name, [(0, sni(text.encode("utf-8" if wide else "latin-1")))])
    one = sni(bad)
    yield case("two names, bad first", [(0, sni(bad, good))])
    yield case("two names, bad second", [(0, sni(good, bad))])
    yield case("two equal names", [(0, sni(bad, bad))])
    yield case("two extensions, bad first", [(0, one), (0, sni(good))])
    yield case("two extensions, bad second", [(0, sni(good)), (0, one)])
    yield case("another type before",
               [(0, struct.pack(">H", len(one) + 2) + b"\1\0\1z" + one[2:])], "name")
    yield case("another type alone", [(0, b"\0" + bytes([len(one) - 2]) + b"\1" + one[3:])], "free")
    yield case("list too long", [(0, b"\0\xff" + one[2:])])
    yield case("list too short", [(0, b"\0\4" + one[2:])])
    yield case("name too long", [(0, one[:3] + b"\1\0" + bad)])
    yield case("name too short", [(0, one[:3] + b"\0\3" + bad)])
    yield case("bytes behind", [(0, one + b"zz")])
    yield case("empty extension", [(0, b"")])
    yield case("empty list", [(0, b"\0\0")])
    yield case("random bytes", [(0, sni(noise(20)))])


def cases():
    out = []
    for make in (layouts, sizes, forms, names):
        out += both(make)
    return out
