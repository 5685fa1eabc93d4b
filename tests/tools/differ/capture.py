# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures as connections whose payload can be changed."""
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Packet:
    """Of Ethernet, IPv4 or IPv6, TCP or UDP. Where `initial` is set, data is what it seals."""
    def __init__(self, link, ip, l4, data):
        self.link, self.ip, self.l4, self.data = link, ip, l4, data
        self.udp, self.client, self.initial = len(l4) == 8, True, None
        self.seq, self.ack = struct.unpack(">II", (l4 + bytes(8))[4:12])

    def copy(self, data=None):
        p = Packet(self.link, self.ip, self.l4, self.data if data is None else data)
        p.client, p.seq, p.ack, p.initial = self.client, self.seq, self.ack, self.initial
        return p

    def ends(self):
        """Address and port, of source and destination."""
        at, n = (12, 4) if self.ip[0] >> 4 == 4 else (8, 16)
        return (self.ip[at:at + n], self.l4[:2]), (self.ip[at + n:at + 2 * n], self.l4[2:4])

    def bytes(self, port):
        """As sent from or to that port of the client, lengths and checksums right."""
        l4, ip, at = bytearray(self.l4), bytearray(self.ip), 6 if self.udp else 16
        side, size = (0 if self.client else 2), len(l4) + len(self.data)
        l4[side:side + 2] = struct.pack(">H", port)
        if self.udp:
            l4[4:6] = struct.pack(">H", size)
        else:
            l4[4:12] = struct.pack(">II", self.seq % 2 ** 32, self.ack % 2 ** 32)
        (a, _), (b, _) = self.ends()
        pseudo = a + b + struct.pack(">II", size, 17 if self.udp else 6)
        l4[at:at + 2] = b"\0\0"
        l4[at:at + 2] = struct.pack(">H", checksum(pseudo + l4 + self.data) or 0xffff)
        if ip[0] >> 4 == 4:
            ip[2:4], ip[10:12] = struct.pack(">H", 20 + size), b"\0\0"
            ip[10:12] = struct.pack(">H", checksum(ip))
        else:
            ip[4:6] = struct.pack(">H", size)
        return self.link + ip + l4 + self.data


def checksum(b):
    b = bytes(b) + b"\0" * (len(b) % 2)
    s = sum(struct.unpack(">%dH" % (len(b) // 2), b))
    s = (s & 0xffff) + (s >> 16)
    return ~((s & 0xffff) + (s >> 16)) & 0xffff


def parse(f):
    """A frame; None: it is not whole, a fragment, or of another kind."""
    link, ip = f[:14], f[14:]
    if link[-2:] == b"\x08\0" and ip[:1] == b"\x45" and not int.from_bytes(ip[6:8], "big") & 0x3fff:
        proto, ip, rest = ip[9], ip[:20], ip[20:int.from_bytes(ip[2:4], "big")]
    elif link[-2:] == b"\x86\xdd" and len(ip) > 40:
        proto, ip, rest = ip[6], ip[:40], ip[40:40 + int.from_bytes(ip[4:6], "big")]
    else:
        return None
    n = 8 if proto == 17 else rest[12] >> 4 << 2 if proto == 6 and len(rest) > 12 else 0
    return Packet(link, ip, rest[:n], rest[n:]) if n and len(rest) >= n else None


def read(path):
    """The connections of a capture, each a list of packets; the client is who begins."""
    with open(path, "rb") as file:
        b = file.read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(b[:4])
    if not order or struct.unpack(order + "I", b[20:24])[0] != 1:
        print("%s: passed over, for it is no pcap of Ethernet" % path)
        return []
    found, at = {}, 24
    while at + 16 <= len(b):
        n = struct.unpack(order + "I", b[at + 8:at + 12])[0]
        p, at = parse(b[at + 16:at + 16 + n]), at + 16 + n
        if p:
            src, dst = p.ends()
            first, packets = found.setdefault(frozenset([src, dst]), (src, []))
            p.client = src == first
            packets.append(p)
    return [packets for _, packets in found.values()]


def write(path, frames):
    """A millisecond apart."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i, b in enumerate(frames):
            f.write(struct.pack("<IIII", 1767225600 + i // 1000, i % 1000 * 1000, len(b), len(b)) + b)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def varint(b, at):
    """Value, and where it ends (RFC 9000 section 16)."""
    n = 1 << (b[at] >> 6)
    return int.from_bytes(b[at:at + n], "big") & (1 << 8 * n - 2) - 1, at + n


class Initial:
    """A client's first packet of QUIC version 1 (RFC 9000 section 17.2.2, RFC 9001 section 5)."""
    def __init__(self, b):
        cid = b[6:6 + b[5]]
        at = 7 + b[5] + b[6 + b[5]]
        n, end = varint(b, at)
        self.ids = b[6 + b[5]:end + n]  # the client's id, and the token
        size, at = varint(b, end + n)
        key, iv, hp = self.keys(cid)
        mask = self.mask(hp, b[at + 4:at + 20])
        first = b[0] ^ mask[0] & 15
        n = 1 + first % 4
        self.number = int.from_bytes(xor(b[at:at + n], mask[1:]), "big")
        head = bytes([first]) + b[1:at] + self.number.to_bytes(n, "big")
        sealed = b[at + n:at + size]
        gcm = Cipher(algorithms.AES(key), modes.GCM(self.nonce(iv), sealed[-16:])).decryptor()
        gcm.authenticate_additional_data(head)
        self.frames = gcm.update(sealed[:-16]) + gcm.finalize()

    def nonce(self, iv):
        return xor(iv, self.number.to_bytes(12, "big"))

    @staticmethod
    def mask(hp, sample):
        return Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(sample)

    @staticmethod
    def keys(cid):
        def expand(key, label, n):
            info = struct.pack(">HB", n, len(label) + 6) + b"tls13 " + label + b"\0\x01"
            return hmac.digest(key, info, "sha256")[:n]
        salt = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
        secret = expand(hmac.digest(salt, cid, "sha256"), b"client in", 32)
        return [expand(secret, b"quic " + k, n) for k, n in ((b"key", 16), (b"iv", 12), (b"hp", 16))]

    def seal(self, cid, frames):
        """The same packet under another connection id, with these frames."""
        key, iv, hp = self.keys(cid)
        frames = frames.rstrip(b"\0").ljust(1200, b"\0")
        head = b"\xc3\0\0\0\x01" + bytes([len(cid)]) + cid + self.ids + \
            struct.pack(">H", 0x4000 | len(frames) + 20)
        pn = self.number.to_bytes(4, "big")
        gcm = Cipher(algorithms.AES(key), modes.GCM(self.nonce(iv))).encryptor()
        gcm.authenticate_additional_data(head + pn)
        sealed = gcm.update(frames) + gcm.finalize()
        mask = self.mask(hp, sealed[:16])
        return bytes([head[0] ^ mask[0] & 15]) + head[1:] + xor(pn, mask[1:]) + sealed + gcm.tag
