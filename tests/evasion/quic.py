# SPDX-License-Identifier: GPL-2.0-or-later
"""QUIC Initials (RFC 9000, 9001, 9369): a hello in odd frames, packets and datagrams."""
import hashlib
import hmac
import itertools
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wire import Case, GOOD, both, handshake, noise

V1, V2 = 1, 0x6b3343cf
SALT = {V1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a", V2: "0dede3def700a6db819381be6e269dcbf9bd2ed9"}
LABEL = {V1: "quic ", V2: "quicv2 "}
DCID = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08"


def expand(secret, label, n):
    label = b"tls13 " + label.encode()
    info = struct.pack(">HB", n, len(label)) + label + b"\0"
    return hmac.new(secret, info + b"\1", hashlib.sha256).digest()[:n]


def var(n):
    if n < 64:
        return bytes([n])
    return struct.pack(">H", n | 0x4000) if n < 1 << 14 else struct.pack(">I", n | 0x80000000)


def crypto(at, data):
    return b"\x06" + var(at) + var(len(data)) + data


def long_head(first, version, dcid, scid):
    return bytes([first]) + struct.pack(">I", version) + bytes([len(dcid)]) + dcid + bytes([len(scid)]) + scid


def initial(frames, number=0, version=V1, dcid=DCID, token=b"", key_id=None, size=1162, scid=b""):
    """One protected client Initial that carries these frames, keyed by `key_id` (its dcid)."""
    secret = hmac.new(bytes.fromhex(SALT[version]), key_id or dcid, hashlib.sha256).digest()
    client = expand(secret, "client in", 32)
    key, iv, hp = (expand(client, LABEL[version] + x, n) for x, n in (("key", 16), ("iv", 12), ("hp", 16)))
    frames += b"\0" * max(0, size - len(frames))
    head = long_head(0xc3 if version == V1 else 0xd3, version, dcid, scid)
    head += var(len(token)) + token + struct.pack(">H", (len(frames) + 20) | 0x4000)
    pn = struct.pack(">I", number)
    nonce = bytes(a ^ b for a, b in zip(iv, b"\0" * 8 + pn))
    sealed = AESGCM(key).encrypt(nonce, frames, head + pn)
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sealed[:16])
    head = bytes([head[0] ^ (mask[0] & 15)]) + head[1:]
    return head + bytes(a ^ b for a, b in zip(pn, mask[1:5])) + sealed


def strange(version, shaped=True):
    """An Initial of a version that nobody can look into."""
    rest = b"\0" + struct.pack(">H", 0x4000 | 1200) if shaped else b""
    return long_head(0xc3, version, b"d" * 8, b"s" * 8) + rest + noise(1200)


M, LIE = handshake(), handshake(GOOD)
CUTS = [0, 30, 80, 110, 160, len(M)]
PARTS = [(CUTS[i], M[CUTS[i]:CUTS[i + 1]]) for i in range(5)]
WHOLE = initial(crypto(0, M))


def case_of(v6, name, *datagrams, must="name", dport=443, **o):
    c = Case("QUIC", name, must, dport, udp=True, v6=v6, **o)
    for d in datagrams:
        c.datagram(d)
    return c


def frames(v6):
    def case(name, *datagrams, **o):
        return case_of(v6, name, *datagrams, **o)

    yield case("whole", WHOLE)
    yield case("version 2", initial(crypto(0, M), version=V2))
    for at in range(1, len(M), 5):
        yield case("two frames, cut at %d" % at, initial(crypto(at, M[at:]) + crypto(0, M[:at])))
    for order in itertools.permutations(range(5)):
        name = "".join(map(str, order))
        yield case("frames in order " + name, initial(b"".join(crypto(*PARTS[i]) for i in order)))
    for order in list(itertools.permutations(range(5)))[::12]:
        name = "".join(map(str, order))
        yield case("datagrams in order " + name,
                   *[initial(crypto(*PARTS[i]), number=k) for k, i in enumerate(order)])
    yield case("padding and pings between", initial(b"\0\0\1".join(crypto(*p) for p in PARTS)))
    yield case("one byte a frame", initial(b"".join(crypto(i, M[i:i + 1]) for i in range(len(M)))))
    yield case("equal overlap", initial(crypto(0, M[:120]) + crypto(60, M[60:])))
    yield case("empty frames", initial(crypto(0, b"") + crypto(50, b"") + crypto(0, M)))
    yield case("ACK before", initial(b"\x02\0\0\0\0" + crypto(0, M)))
    part = initial(crypto(60, LIE[60:150]) + crypto(0, M))
    yield case("other bytes first", part, must="told")
    part = initial(crypto(0, M[:200]) + crypto(60, LIE[60:150]) + crypto(200, M[200:]))
    yield case("other bytes later", part, must="told")
    yield case("other bytes in another datagram", initial(crypto(60, LIE[60:150])),
               initial(crypto(0, M), number=1), must="told")
    yield case("frame beyond 16 KiB", initial(crypto(1 << 20, b"abcd") + crypto(0, M)), must="told")
    yield case("unknown frame", initial(b"\x21" + crypto(0, M)), must="told")
    yield case("frame that runs out", initial(b"\x06\0\x7f\xff" + M, size=0), must="told")
    yield case("frame of later packets", initial(b"\x08\1abc" + crypto(0, M)), must="told")
    yield case("another message first", initial(crypto(0, b"\2" + M[1:])), must="told")
    yield case("two of three datagrams",
               *[initial(crypto(*PARTS[i]), number=i) for i in (0, 1)], must="open")


def packets(v6):
    def case(name, *datagrams, **o):
        return case_of(v6, name, *datagrams, **o)

    halves = [initial(crypto(*PARTS[1]) + crypto(*PARTS[0]), size=100),
              initial(b"".join(crypto(*p) for p in PARTS[2:]), number=1)]
    early = long_head(0xd0, V1, DCID, b"") + b"\x20" + b"z" * 32
    yield case("two in a datagram", b"".join(halves))
    other = initial(crypto(0, LIE), dcid=b"d" * 9, size=60)
    yield case("one of another connection between", halves[0] + other + halves[1], must="told")
    yield case("junk behind", WHOLE + b"\x40" + b"\xaa" * 60)
    yield case("0-RTT behind", WHOLE + early)
    yield case("0-RTT before", early + WHOLE)
    yield case("0-RTT in a datagram before", early + bytes(1200), WHOLE)
    yield case("token", initial(crypto(0, M), token=b"t" * 60))
    yield case("long token", initial(crypto(0, M), token=b"t" * 300, size=900))
    for n in (0, 1, 7, 8, 17, 20):
        yield case("connection id of %d" % n, initial(crypto(0, M), dcid=b"d" * n, scid=b"s" * (20 - n)))
    # Longer than version 1 allows (RFC 9000 section 17.2): its receivers drop it
    yield case("connection id of 21", initial(crypto(0, M), dcid=b"d" * 21), WHOLE)
    yield case("long packet number", initial(crypto(0, M), number=0x7fffffff))
    yield case("junk datagram first", b"\0" * 40, WHOLE)
    yield case("random datagram first", noise(200), WHOLE)
    yield case("short header first", b"\x40" + noise(60), WHOLE)
    yield case("handshake packet first", long_head(0xe0, V1, DCID, b"") + b"\x40\x40" + noise(1200), WHOLE)
    yield case("one that does not open first", initial(crypto(0, LIE), key_id=b"wrong"), WHOLE)
    yield case("smaller than an Initial may be", initial(crypto(0, M), size=300), must="told")
    c = case_of(v6, "after a Retry", initial(crypto(0, M[:60])))
    c.datagram(long_head(0xf0, V1, b"", b"newid123") + b"token" + noise(16), client=False)
    yield c.datagram(initial(crypto(0, M), dcid=b"newid123", token=b"token", number=1))
    c = case_of(v6, "after a version negotiation", strange(0x1a2a3a4a))
    c.datagram(long_head(0x80, 0, b"s" * 8, b"d" * 8) + struct.pack(">II", V1, V2), client=False)
    yield c.datagram(WHOLE)


def versions(v6):
    def case(name, *datagrams, must="told"):
        return case_of(v6, name, *datagrams, must=must)

    for v in (0x0a0a0a0a, 0x1a2a3a4a, 0xff00ff00, 0x51303530, 0x54303531, 0x6b3343d0, 0x12345678):
        yield case("version %08x" % v, strange(v))
    # Of no registered version and no known shape: not QUIC, so what follows is still looked at
    yield case("version 6b3343d0 without shape, then 1", strange(0x6b3343d0, False), WHOLE, must="name")
    yield case("version 0a0a0a0a, then 1", strange(0x0a0a0a0a), WHOLE, must="name")
    yield case("version 2, then 1", initial(crypto(0, M[:50]), version=V2), initial(crypto(0, M)))
    yield case("version 1, then 2", initial(crypto(0, M[:50])), initial(crypto(0, M), version=V2))
    yield case("version negotiation",
               long_head(0x80, 0, b"d" * 8, b"s" * 8) + struct.pack(">II", V1, V2))


def migration(v6):
    """A connection that goes on from another port: nothing can be read in it, and no name is claimed."""
    yield case_of(v6, "short headers alone", b"\x40" + noise(80), b"\x40" + noise(1100),
                  must="name", rule="unknown", dport=4433)
    c = case_of(v6, "short headers, answered", b"\x40" + noise(80), must="name", rule="unknown", dport=4433)
    c.datagram(b"\x40" + noise(90), client=False)
    yield c.datagram(b"\x40" + noise(70))


def cases():
    out = []
    for make in (frames, packets, versions, migration):
        out += both(make)
    return out
