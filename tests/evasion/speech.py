# SPDX-License-Identifier: GPL-2.0-or-later
"""Where and in what it is said: any port, inside proxies and tunnels, after STARTTLS; and what is
not odd at all."""
import struct

from quic import crypto, initial
from wire import BAD, Case, GOOD, both, craft, handshake, hello, noise
from web import get

PORTS = (22, 53, 80, 123, 443, 8443)


def ssh():
    return b"SSH-2.0-OpenSSH_9.2\r\n" + craft.kexinit([])


def rdp():
    """A connection request (MS-RDPBCGR 2.2.1.1)."""
    cookie = b"Cookie: mstshash=admin\r\n" + b"\1\0\x08\0\3\0\0\0"
    return struct.pack(">BBHBBHHB", 3, 0, 11 + len(cookie), 6 + len(cookie), 0xe0, 0, 0, 0) + cookie


def bittorrent():
    return b"\x13BitTorrent protocol" + bytes(8) + noise(40)


def matrix(v6):
    """What is spoken is told by what is said, not by where."""
    words = {
        "TLS": (hello(), "bad"), "HTTP": (get("Host: " + BAD).encode(), "bad"), "SSH": (ssh(), "app"),
        "RDP": (rdp(), "app"), "BitTorrent": (bittorrent(), "app"),
    }
    for port in PORTS:
        for name, (data, rule) in words.items():
            c = Case("ports", "%s on %d" % (name, port), "name", port, v6=v6, rule=rule)
            yield c.open().send(data)
        c = Case("ports", "QUIC on %d" % port, "name", port, v6=v6, udp=True)
        yield c.datagram(initial(crypto(0, handshake())))
    for port in (25, 110, 853, 3389, 9001, 65535):
        yield Case("ports", "TLS on %d" % port, "name", port, v6=v6).open().send(hello())
    for port in (53, 67, 123, 443):
        c = Case("ports", "TLS from port %d" % port, "name", v6=v6)
        c.sport = port
        yield c.open().send(hello())


STARTTLS = {
    "SMTP": (25, [b"EHLO me.example\r\n", b"STARTTLS\r\n"]),
    "IMAP": (143, [b"a1 CAPABILITY\r\n", b"a2 STARTTLS\r\n"]),
    "POP3": (110, [b"CAPA\r\n", b"STLS\r\n"]),
    "FTP": (21, [b"AUTH TLS\r\n"]),
}


def inside(v6):
    """A hello that follows other words."""
    def case(name, port, *parts, must="name"):
        c = Case("inside", name, must, port, v6=v6).open()
        at = 0
        for p in parts:
            c.tcp(at, p)
            at += len(p)
        return c

    line = "CONNECT %s:443 HTTP/1.1" % GOOD
    yield case("CONNECT to a good host", 8080, get("Host: " + GOOD, line).encode(), hello())
    yield case("CONNECT, all at once", 8080, get("Host: " + GOOD, line).encode() + hello())
    # Of proxies behind proxies two are read
    yield case("CONNECT twice", 8080, get("Host: " + GOOD, line).encode() * 2, hello())
    name = bytes([len(GOOD)]) + GOOD.encode() + b"\1\xbb"
    yield case("SOCKS 5", 1080, b"\5\1\0", b"\5\1\0\3" + name, hello())
    yield case("SOCKS 5 to the bad name", 1080, b"\5\1\0", b"\5\1\0\3\x0d" + BAD.encode() + b"\1\xbb")
    yield case("SOCKS 4a", 1080, b"\4\1\1\xbb\0\0\0\1\0" + GOOD.encode() + b"\0", hello())
    yield case("SOCKS 4a to the bad name", 1080, b"\4\1\1\xbb\0\0\0\1\0" + BAD.encode() + b"\0")
    for proto, (port, lines) in STARTTLS.items():
        yield case("STARTTLS of " + proto, port, *lines, hello())
        yield case("STARTTLS of %s, all at once" % proto, port, b"".join(lines) + hello())
        yield case("STARTTLS of %s on port 8000" % proto, 8000, *lines, hello())


def dtls(fragments, seq=0):
    """A ClientHello of DTLS 1.2 (RFC 6347 section 4.3.2) in fragments (from, to), a record each."""
    m = handshake()
    body = b"\xfe\xfd" + m[6:6 + 32 + 33] + b"\0" + m[6 + 32 + 33:]
    out = []
    for at, end in fragments:
        end = len(body) if end is None else end
        part = b"\1" + len(body).to_bytes(3, "big") + struct.pack(">H", seq) + at.to_bytes(3, "big")
        part += (end - at).to_bytes(3, "big") + body[at:end]
        out.append(b"\x16\xfe\xfd\0\0" + bytes(6) + struct.pack(">H", len(part)) + part)
    return out


def datagrams(v6):
    def case(name, *parts, must="name", rule=None, dport=4444, **o):
        c = Case("datagrams", name, must, dport, udp=True, v6=v6, rule=rule, **o)
        for p in parts:
            c.datagram(p)
        return c

    yield case("DTLS", *dtls([(0, None)]))
    yield case("DTLS in two datagrams", *dtls([(0, 70), (70, None)]))
    yield case("DTLS, the second first", *dtls([(70, None), (0, 70)]))
    five = [(0, 30), (30, 60), (60, 90), (90, 120), (120, None)]
    yield case("DTLS in one, of five", b"".join(dtls(five)))
    yield case("DTLS in one, of five backwards", b"".join(reversed(dtls(five))))
    yield case("DTLS behind a junk datagram", b"\0\0", *dtls([(0, None)]))
    for n in range(1, 7):
        yield case("QUIC behind %d junk datagrams" % n, *[noise(30 + i) for i in range(n)],
                   initial(crypto(0, handshake())), dport=443)
    c = case("a good hello with a broken checksum before", kernel=True, dport=443)
    c.datagram(initial(crypto(0, handshake(GOOD))), bad_sum=True)
    yield c.datagram(initial(crypto(0, handshake())))
    yield case("WireGuard", b"\1\0\0\0" + noise(128) + bytes(16), rule="app", dport=51820)
    yield case("OpenVPN", b"\x38" + noise(8) + bytes(5), rule="app", dport=1194)
    yield case("STUN", b"\0\1\0\0\x21\x12\xa4\x42" + noise(12), rule="app", dport=3478)
    yield case("a VXLAN with a hello", b"\x08\0\0\0\0\0\1\0" + noise(60), must="free", dport=4789)


def tunnels(v6):
    """What other protocols carry is not looked into, and nothing is said of it: their own rule counts."""
    inner = Case("tunnels", "inner", v6=v6).open().send(hello()).packets
    first = next(ip for client, ip in inner if client and len(ip) > 100)
    kinds = {4: "IPIP", 41: "6in4", 47: "GRE", 50: "ESP", 115: "L2TP"}
    for proto, name in kinds.items():
        c = Case("tunnels", name, "name", v6=v6, proto=proto, rule="tunnel", live=True)
        head = b"\0\0" + (b"\x86\xdd" if v6 else b"\x08\0") if proto == 47 else b""
        body = first if proto in (4, 41, 47) else noise(80)
        c.datagrams.append(head + body)
        c.ip(head + body)
        yield c
    for size, must in ((300, "told"), (1200, "told")):
        c = Case("tunnels", "echo with %d bytes" % size, must, v6=v6, proto=58 if v6 else 1)
        body = struct.pack(">BBHHH", 128 if v6 else 8, 0, 0, 77, 1) + noise(size)
        if v6:
            body = c.sums(body, 2, True)
        else:
            body = body[:2] + struct.pack(">H", craft.checksum(body)) + body[4:]
        c.ip(body)
        yield c


def harmless(v6):
    """Nothing is odd in these, and nothing may be said."""
    h, q = hello(GOOD), initial(crypto(0, handshake(GOOD)))
    plain = get("Host: " + GOOD).encode()

    def tcp(name, data, dport=443, **o):
        return Case("harmless", name, "clean", dport, v6=v6).open().send(data, **o)

    yield tcp("a hello", h)
    yield tcp("in three segments", h, cuts=[60, 120])
    yield tcp("out of order", h, cuts=[60, 120], order=[2, 0, 1])
    yield tcp("post-quantum", hello(GOOD, pq=""), cuts=[1400])
    yield tcp("a request", plain, 80)
    yield tcp("one byte each", plain, 80, cuts=range(1, len(plain)))
    yield tcp("fragments", h, frag=64)
    c = Case("harmless", "each segment twice", "clean", v6=v6).open()
    c.send(h, [70])
    yield c.send(h, [70])
    c = Case("harmless", "TTL 62 after 64", "clean", v6=v6).open()
    yield c.send(h, ttl=62)
    c = Case("harmless", "QUIC", "clean", udp=True, v6=v6)
    yield c.datagram(q)


def cases():
    out = []
    for make in (matrix, inside, datagrams, tunnels, harmless):
        out += both(make)
    return out
