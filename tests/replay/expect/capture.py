# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a capture can be said without any of the programs: frames, and how flows begin."""
import ipaddress
import struct

SNAPLEN_MAX = 262144  # libpcap believes no more
TCP, UDP = 6, 17


def ip(text):
    """An address in one spelling. Labels of nDPI have some that are none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def read(path):
    """(byte order, bytes) of a classic pcap."""
    with open(path, "rb") as f:
        data = f.read()
    return ("<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"), data


def broken(path):
    """A capture that ends within a frame, or has a frame of impossible length."""
    order, data = read(path)
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack_from(order + "I", data, at + 8)[0]
        if n > SNAPLEN_MAX:
            return True
        at += 16 + n
    return at != len(data)


def frames(path):
    """(link type, bytes) of each frame."""
    order, data = read(path)
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack_from(order + "I", data, at + 8)[0]
        yield link, data[at + 16:at + 16 + n]
        at += 16 + n


def to_ip(link, b):
    if link in (0, 108):
        return b[4:]
    if link in (12, 101, 228, 229):
        return b
    at = {1: 12, 113: 14}.get(link)
    if at is None:
        return b""
    while b[at:at + 2] in (b"\x81\x00", b"\x88\xa8", b"\x91\x00"):
        at += 4
    return b[at + 2:] if b[at:at + 2] in (b"\x08\x00", b"\x86\xdd") else b""


def transport(b):
    """(protocol, flow, bytes from the TCP or UDP header on) of the outermost IP header, or None."""
    if len(b) < 20:
        return None
    if b[0] >> 4 == 4:
        head, proto = (b[0] & 15) * 4, b[9]
        if struct.unpack_from(">H", b, 6)[0] & 0x3FFF:
            return None
        src, dst, end = b[12:16], b[16:20], struct.unpack_from(">H", b, 2)[0] or len(b)
    elif b[0] >> 4 == 6 and len(b) >= 40:
        head, proto = 40, b[6]
        while proto in (0, 43, 60) and len(b) > head + 1:
            proto, head = b[head], head + b[head + 1] * 8 + 8
        src, dst, end = b[8:24], b[24:40], 40 + struct.unpack_from(">H", b, 4)[0]
    else:
        return None
    t = b[head:end]
    if proto not in (TCP, UDP) or len(t) < (20 if proto == TCP else 8):
        return None
    sport, dport = struct.unpack_from(">HH", t)
    name = "tcp" if proto == TCP else "udp"
    return name, (name, ip(src), sport, ip(dst), dport), t


def outside(address):
    """Multicast and what is reserved does not leave a network: the gate lets it be."""
    a = ipaddress.ip_address(address)
    return not (a.is_multicast or a.version == 4 and a.is_reserved)


def ends(flow):
    """A flow in either direction. Programs differ in how they name ICMP."""
    proto = flow[0] if flow[0] in ("tcp", "udp") else None
    return proto, frozenset((flow[1:3], flow[3:5]))


class Begins:
    """How each flow of a capture begins, as an agent sees it that only looks at outermost headers
    and takes the side that is seen first (of TCP: with a SYN or data) for the client: head[flow].
    hellos: flows (ends) with a segment that begins like a ClientHello, in either direction;
    answers: those with DNS answers alone."""
    HEAD = 8

    def __init__(self, path):
        self.head, self._isn, self._first = {}, {}, {}
        self.hellos, self.answers, queries = set(), set(), set()
        for link, b in frames(path):
            p = transport(to_ip(link, b))
            if not p:
                continue
            name, flow, t = p
            if name == "tcp":
                self._segment(flow, t)
                continue
            if outside(flow[3]) and self._client(flow):
                self.head.setdefault(flow, t[8:8 + self.HEAD])
            answer = len(t) > 10 and t[10] & 0x80
            (self.answers if answer else queries).add(ends(flow))
        self.answers -= queries

    def _client(self, flow):
        return self._first.setdefault(ends(flow), flow) == flow

    def _segment(self, flow, t):
        seq, flags, payload = struct.unpack_from(">I", t, 4)[0], t[13], t[(t[12] >> 4) * 4:]
        if payload[:2] == b"\x16\x03" and payload[5:6] == b"\x01":
            self.hellos.add(ends(flow))
        if not outside(flow[3]):
            return
        if flags & 0x12 == 0x02:
            self._isn.setdefault(flow, seq)
            seq += 1
        if flags & 0x14 != 0x14 and flags & 0x12 != 0x12:
            self._client(flow)
        if self._first.get(ends(flow)) == flow and payload:
            self._isn.setdefault(flow, (seq - 1) & 0xFFFFFFFF)
        if flow in self._isn and payload:
            at = (seq - self._isn[flow] - 1) & 0xFFFFFFFF
            have = self.head.get(flow, b"")
            if len(have) == at:
                self.head[flow] = have + payload[:self.HEAD - at]
