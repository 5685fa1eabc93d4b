# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done to connections, all of it drawn from one random.Random()."""
import re

from differ.capture import varint

# What a kind of message may react to.
TOKENS = {"tls": rb"\0 \xff \x20 .a .b.example 16 A \x03\x04 \x0a\x0a \x1a\x1a \0\0 \0\x10 \0\x0d",
          "http": rb"\r\n \n : \t \r Host:x.example\r\n User-Agent:a\r\n :81 http:// / ? \0 @ \x20",
          "dns": rb"\0 \xc0\x0c . \\ \x01a \xff \x20 A \0\x01", "rdp": rb"\r\n : = \n \x20 \0 a",
          "ssh": rb", \0\0\0\0 a \r\n - @ \n \0", "?": rb"\0 \xff \n a"}
TOKENS = {kind: [t.decode("unicode_escape").encode("latin-1") for t in text.split()]
          for kind, text in TOKENS.items()}
TOKENS["quic"] = TOKENS["tls"]
STARTS = [("tls", rb"\x16\x03"), ("ssh", rb"SSH-"), ("rdp", rb"\x03\0"), ("http", rb"[A-Z]+ .* HTTP/1"),
          ("quic", rb"[\xc0-\xcf]\0\0\0\x01")]


def kind_of(p):
    """By the first bytes of the client."""
    if b"\0\x35" in (p.l4[:2], p.l4[2:4]):
        return "dns"
    return next((k for k, start in STARTS if re.match(start, p.data) and p.udp == (k == "quic")), "?")


def number(b, at, n):
    return int.from_bytes(b[at:at + n], "big")


def hello(b, at):
    """Where lengths stand in a ClientHello: position, bytes, where what is counted begins."""
    yield at + 1, 3, at + 4
    at += 38
    for n in (1, 2, 1):
        yield at, n, at + n
        at += n + number(b, at, n)
    yield at, 2, at + 2
    at += 2
    while at + 4 < len(b):
        ext, body = number(b, at, 2), at + 4
        end = body + number(b, at + 2, 2)
        yield at + 2, 2, body
        yield body, *((1, body + 1) if ext in (11, 43, 45) else (2, body + 2))
        if ext == 0:
            yield body + 3, 2, body + 5
        at = body + 2
        while ext == 16 and at < min(end, len(b)):
            yield at, 1, at + 1
            at += 1 + b[at]
        at = end


def crypto(b):
    """The same in the frames of an Initial."""
    at = 0
    while at + 6 < len(b) and b[at] in (0, 1, 6):
        if b[at] == 6:
            offset, size = varint(b, at + 1)
            n, body = varint(b, size)
            yield size, body - size, body
            if offset == 0:
                yield from (f for f in hello(b[:body + n], body) if sum(f[:2]) <= body + n)
            at = body + n - 1
        at += 1


def lengths(kind, b, udp):
    """Of a packet's payload."""
    out, at = [], 0
    if kind == "tls":
        out = [(3, 2, 5), *hello(b, 5)]
    elif kind == "quic":
        out = list(crypto(b))
    elif kind == "dns":
        out, at = ([], 12) if udp else ([(0, 2, 2)], 14)
        while at < len(b) and 0 < b[at] < 64:
            out.append((at, 1, at + 1))
            at += 1 + b[at]
    elif kind == "ssh" and not b.startswith(b"SSH-"):
        out, at = [(0, 4, 4)], 22
        while at < len(b) and len(out) < 11:
            out.append((at, 4, at + 4))
            at += 4 + number(b, at, 4)
    elif kind == "rdp":
        out = [(2, 2, 0), (4, 1, 5)]
    return [f for f in out if f[0] + f[1] <= len(b)]


def add(b, field, n):
    at, size, _ = field
    b[at:at + size] = ((number(b, at, size) + n) % 256 ** size).to_bytes(size, "big")


def changed(rng, kind, p):
    """The bytes of a packet with one thing done to them; mostly, lengths around it are made right."""
    b, new, cut = bytearray(p.data), b"", 0
    fields = lengths(kind, b, p.udp)
    at = rng.randrange(len(b))
    if fields and rng.random() < .5:
        at = min(rng.choice(fields)[rng.choice((0, 2))] + rng.choice((0, 0, 1)), len(b) - 1)
    how = rng.choice(("flip", "token", "token", "insert", "delete", "double", "cut", "length"))
    if how == "cut":
        return b[:at]
    if how == "length" and fields:
        add(b, rng.choice(fields), rng.choice((-2, -1, 1, 2, 3, 4, 255)))
        return b
    if how in ("flip", "length"):
        b[at] = rng.choice((b[at] ^ 1 << rng.randrange(8), b[at] ^ 0x20, rng.randrange(256), 0))
        return b
    if how == "token":
        new, cut = rng.choice(TOKENS[kind]), rng.choice((0, 0, 1, 2, 4))
    elif how == "insert":
        new = rng.randbytes(rng.choice((1, 2, 4, 8)))
    elif how == "delete":
        cut = rng.choice((1, 2, 4, 8, 40))
    else:
        new = bytes(b[at:at + rng.choice((1, 2, 4, 8, 24, 40))])
    cut = min(cut, len(b) - at)
    for field in fields if rng.random() < .75 else ():
        pos, n, start = field
        value = number(b, pos, n) & (0x3fff if n == 2 else -1)  # QUIC's have two bits more
        if start <= at and pos + n <= at and at + cut <= start + value:
            add(b, field, len(new) - cut)
    return b[:at] + new + b[at + cut:]


def damage(rng, kind, packets):
    """One change to a connection; the sequence numbers behind it follow."""
    full = [i for i, p in enumerate(packets) if p.data and (p.client or rng.random() < .1)]
    if not full:
        return
    i = rng.choice(full[:3])
    p, how = packets[i], rng.random()
    if how < .08:
        packets.insert(rng.randrange(i + 1, len(packets) + 1), p.copy())
    elif how < .16:
        j = rng.choice([j for j in full if packets[j].client == p.client])
        packets[i], packets[j] = packets[j], packets[i]
    elif how < .28 and not p.udp:
        at = rng.randrange(len(p.data))
        rest, p.data = p.copy(p.data[at:]), p.data[:at]
        rest.seq += at
        packets.insert(i + 1, rest)
    else:
        old, p.data = len(p.data), bytes(changed(rng, kind, p))
        for q in packets:
            if q.client == p.client and 0 < (q.seq - p.seq) % 2 ** 32 < 2 ** 31:
                q.seq += len(p.data) - old
            elif q.client != p.client and 0 < (q.ack - p.seq) % 2 ** 32 < 2 ** 31:
                q.ack += len(p.data) - old
