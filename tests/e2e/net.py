#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Small servers and clients for the end-to-end cases. See the bottom for the commands."""
import argparse
import asyncio
import itertools
import os
import random
import signal
import socket
import ssl
import struct
import sys
import threading
import time

CHUNK = bytes(65536)


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


# --- servers ---------------------------------------------------------------------------------


async def http_answer(reader, writer):
    """One request: /bytes/N gives N bytes, all else a short page."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        path = head.split(b" ")[1].decode() if b" " in head else "/"
        n = int(path.rsplit("/", 1)[1]) if path.startswith("/bytes/") else 0
        body = b"" if n else b"hello from the far side\n"
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (n or len(body)) + body)
        while n > 0:
            part = CHUNK[: min(n, len(CHUNK))]
            writer.write(part)
            n -= len(part)
            await writer.drain()
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, IndexError, ValueError):
        writer.close()


async def push_answer(reader, writer, total):
    """Server first: sends without having been asked."""
    try:
        while total > 0:
            part = CHUNK[: min(total, len(CHUNK))]
            writer.write(part)
            total -= len(part)
            await writer.drain()
        writer.close()
    except OSError:
        writer.close()


async def drip_answer(reader, writer):
    """A flow that runs: 1000 bytes each 20 ms."""
    try:
        while True:
            writer.write(bytes(1000))
            await writer.drain()
            await asyncio.sleep(0.02)
    except OSError:
        writer.close()


async def sink_answer(reader, writer, log):
    """Notes how many bytes the application has got: "PORT BYTES", anew with each read."""
    peer = writer.get_extra_info("peername")
    n = 0

    def note():
        with open(log, "a", encoding="ascii") as f:
            f.write("%d %d\n" % (peer[1], n))

    note()
    try:
        while True:
            part = await reader.read(65536)
            if not part:
                break
            n += len(part)
            note()
    except OSError:
        pass
    writer.close()


def tcp_server(args):
    ctx = None
    if args.command == "tls":
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(args.cert, args.key)
    answers = {
        "tls": http_answer,
        "http": http_answer,
        "push": lambda r, w: push_answer(r, w, args.bytes),
        "drip": drip_answer,
        "sink": lambda r, w: sink_answer(r, w, args.log),
    }

    async def run():
        s = socket.socket(family(args.addr), socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if s.family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if args.fastopen:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 64)
        s.bind((args.addr, args.port))
        server = await asyncio.start_server(answers[args.command], sock=s, ssl=ctx, backlog=512)
        async with server:
            await server.serve_forever()

    asyncio.run(run())


def udp_server(args):
    """udp-echo answers; udp-push sends to whoever has sent once, each 20 ms, asked no more."""
    s = socket.socket(family(args.addr), socket.SOCK_DGRAM)
    s.bind((args.addr, args.port))
    peers = set()

    def push():
        while True:
            for p in list(peers):
                s.sendto(bytes(500), p)
            time.sleep(0.02)

    if args.command == "udp-push":
        threading.Thread(target=push, daemon=True).start()
    while True:
        data, peer = s.recvfrom(65536)
        if args.command == "udp-push":
            peers.add(peer)
        else:
            s.sendto(data, peer)


# --- clients ---------------------------------------------------------------------------------


def watch(args):
    """Receives from a running flow; --log always holds the bytes so far and how it ended.

    The client says something each 20 ms too, so that both directions run."""
    kind = socket.SOCK_DGRAM if args.proto == "udp" else socket.SOCK_STREAM
    s = socket.socket(family(args.addr), kind)
    s.settimeout(5)
    s.connect((args.addr, args.port))
    n = 0
    end = "running"
    s.send(b"hello there, this is no protocol that anyone knows\n")
    s.settimeout(0.02)
    while end == "running":
        try:
            part = s.recv(65536)
            n += len(part)
            if not part and args.proto == "tcp":
                end = "closed"
        except socket.timeout:
            pass
        except OSError as e:
            end = "reset" if args.proto == "tcp" else "refused"
            if args.proto == "udp":
                end = "running"  # an ICMP error does not end a UDP flow
                time.sleep(0.02)
            del e
        if args.chat and end == "running":
            try:
                s.send(b"x")
            except OSError:
                if args.proto == "tcp":
                    end = "reset"
        with open(args.log + ".new", "w", encoding="ascii") as f:
            f.write("%d %s\n" % (n, end))
        os.rename(args.log + ".new", args.log)


def pull(args):
    """Receives until the end or 3 s of silence; prints bytes and how it ended."""
    s = socket.socket(family(args.addr), socket.SOCK_STREAM)
    s.settimeout(args.wait)
    n = 0
    try:
        s.connect((args.addr, args.port))
        end = "closed"
        while True:
            part = s.recv(65536)
            if not part:
                break
            n += len(part)
    except socket.timeout:
        end = "silence"
    except ConnectionResetError:
        end = "reset"
    except OSError as e:
        end = type(e).__name__
    print(n, end)


def client_context():
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    return ctx


async def one_get(addr, port, ctx, name, limit):
    extra = {"ssl": ctx, "server_hostname": name} if ctx else {}

    async def get():
        reader, writer = await asyncio.open_connection(addr, port, **extra)
        try:
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            page = await reader.read(65536)
            if b"200 OK" not in page:
                raise OSError("no page")
        finally:
            writer.close()

    await asyncio.wait_for(get(), limit)


def many(args):
    """--n connections, --parallel at a time; prints "OK FAILED". Errors go to stderr."""
    ctx = client_context() if args.tls else None
    count = [0, 0]

    async def lane(todo):
        for i in todo:
            try:
                await one_get(args.addr, args.port, ctx, args.sni, args.wait)
                count[0] += 1
            except (OSError, asyncio.TimeoutError, ssl.SSLError) as e:
                count[1] += 1
                print("%d: %s %s" % (i, type(e).__name__, e), file=sys.stderr)
            if args.pace:
                await asyncio.sleep(args.pace / 1000)

    async def run():
        todo = iter(range(args.n))
        await asyncio.gather(*(lane(todo) for _ in range(args.parallel)))

    asyncio.run(run())
    print(count[0], count[1])
    return 1 if count[1] else 0


def probe(args):
    """Starts a connection each --interval ms for --seconds; prints "start duration ok" (ms)."""

    async def one(out):
        t0 = time.monotonic()
        try:
            await one_get(args.addr, args.port, None, None, args.wait)
            good = 1
        except (OSError, asyncio.TimeoutError):
            good = 0
        out.append((t0, time.monotonic(), good))

    async def run():
        out, tasks = [], []
        end = time.monotonic() + args.seconds
        while time.monotonic() < end:
            tasks.append(asyncio.create_task(one(out)))
            await asyncio.sleep(args.interval / 1000)
        await asyncio.gather(*tasks)
        for t0, t1, good in sorted(out):
            print("%.1f %.1f %d" % (t0 * 1000, (t1 - t0) * 1000, good))

    asyncio.run(run())


def kill(args):
    """kill -9, and when (the clock of `probe`)."""
    print("%.1f" % (time.monotonic() * 1000), flush=True)
    os.kill(args.pid, signal.SIGKILL)


def udp_send(args):
    s = socket.socket(family(args.addr), socket.SOCK_DGRAM)
    s.settimeout(args.wait)
    try:
        s.connect((args.addr, args.port))
        s.send(b"hello there")
        s.recv(65536)
        print("answer")
        return 0
    except socket.timeout:
        print("silence")
    except OSError as e:
        print(type(e).__name__)
    return 1


def fastopen(args):
    """A ClientHello in the SYN, by the kernel's own TCP Fast Open (no cookie asked)."""
    s = socket.socket(family(args.addr), socket.SOCK_STREAM)
    s.settimeout(args.wait)
    try:
        s.sendto(openssl_hello(args.sni), socket.MSG_FASTOPEN, (args.addr, args.port))
        sport = s.getsockname()[1]
        got = s.recv(65536)
        print("fastopen", sport, "data" if got else "closed")
    except socket.timeout:
        print("fastopen", s.getsockname()[1], "silence")
    except OSError as e:
        print("fastopen", s.getsockname()[1], "reset" if e.errno in (104, 111, 32) else e)


# --- ClientHellos ----------------------------------------------------------------------------


def openssl_hello(name):
    """What this machine's OpenSSL sends: one record."""
    ctx = client_context()
    out = ssl.MemoryBIO()
    obj = ctx.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        obj.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def ext(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def crafted_hello(name, post_quantum):
    """TLS 1.3 with a key share of X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem, 1216 bytes)."""
    rng = random.Random(7)
    shares = struct.pack("!HH", 0x001D, 32) + rng.randbytes(32)
    groups = struct.pack("!HH", 0x001D, 0x0017)
    if post_quantum:
        shares = struct.pack("!HH", 0x11EC, 1216) + rng.randbytes(1216) + shares
        groups = struct.pack("!H", 0x11EC) + groups
    host = name.encode()
    exts = b"".join(
        (
            ext(0, struct.pack("!HBH", len(host) + 3, 0, len(host)) + host),
            ext(10, struct.pack("!H", len(groups)) + groups),
            ext(13, struct.pack("!H6H", 12, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501)),
            ext(16, b"\x00\x0c\x02h2\x08http/1.1"),
            ext(43, b"\x04\x03\x04\x03\x03"),
            ext(45, b"\x01\x01"),
            ext(51, struct.pack("!H", len(shares)) + shares),
        )
    )
    body = b"\x03\x03" + rng.randbytes(32) + b"\x20" + rng.randbytes(32)
    body += struct.pack("!H4H", 8, 0x1301, 0x1302, 0x1303, 0xC02F) + b"\x01\x00"
    body += struct.pack("!H", len(exts)) + exts
    return b"\x01" + len(body).to_bytes(3, "big") + body


def records(message, parts):
    """The handshake message in that many records, as equal as can be."""
    size = -(-len(message) // parts)
    out = b""
    for i in range(0, len(message), size):
        part = message[i : i + size]
        out += b"\x16\x03\x01" + struct.pack("!H", len(part)) + part
    return out


# --- a TCP of our own, to send segments as no kernel would -----------------------------------

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


class Raw:
    """One TCP connection from an address that the kernel does not own (so it sends no RST)."""

    def __init__(self, iface, gwmac, src, dst, dport, sport):
        self.fam = family(dst)
        self.src, self.dst = (socket.inet_pton(self.fam, a) for a in (src, dst))
        self.sport, self.dport = sport, dport
        proto = 0x86DD if self.fam == socket.AF_INET6 else 0x0800
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(proto))
        self.s.bind((iface, proto))
        self.eth = bytes.fromhex(gwmac.replace(":", "")) + self.s.getsockname()[4]
        self.eth += struct.pack("!H", proto)
        self.isn = random.getrandbits(32)
        self.peer = 0

    def send(self, flags, offset=0, data=b"", base=1):
        """`offset` counts from the first byte of the stream (isn + 1), the SYN is at -1."""
        seq = (self.isn + base + offset) & 0xFFFFFFFF
        opt = struct.pack("!BBH", 2, 4, 1400) if flags & SYN else b""
        tcp = struct.pack(
            "!HHIIBBHHH",
            self.sport,
            self.dport,
            seq,
            self.peer if flags & ACK else 0,
            (20 + len(opt)) // 4 << 4,
            flags,
            64240,
            0,
            0,
        )
        tcp += opt + data
        if self.fam == socket.AF_INET6:
            pseudo = self.src + self.dst + struct.pack("!II", len(tcp), 6)
            ip = struct.pack("!IHBB", 0x60000000, len(tcp), 6, 64) + self.src + self.dst
        else:
            pseudo = self.src + self.dst + struct.pack("!BBH", 0, 6, len(tcp))
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0)
            ip += self.src + self.dst
            ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        self.s.send(self.eth + ip + tcp)

    def receive(self, seconds):
        """The next segment of this connection: flags, seq, ack, data; None in time of silence."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.s.settimeout(left)
            try:
                p = self.s.recv(65535)[14:]
            except socket.timeout:
                return None
            if self.fam == socket.AF_INET6:
                if len(p) < 60 or p[6] != 6 or p[8:24] != self.dst or p[24:40] != self.src:
                    continue
                t, end_ip = p[40:], 40 + struct.unpack("!H", p[4:6])[0]
                t = p[40:end_ip]
            else:
                if p[9] != 6 or p[12:16] != self.dst or p[16:20] != self.src:
                    continue
                t = p[(p[0] & 15) * 4 : struct.unpack("!H", p[2:4])[0]]
            sport, dport, seq, ack, off, flags = struct.unpack("!HHIIBB", t[:14])
            if (sport, dport) != (self.dport, self.sport):
                continue
            return flags, seq, ack, t[(off >> 4) * 4 :]

    def close(self, offset):
        self.send(RST | ACK, offset)
        self.s.close()


def permute(order, pieces):
    return [pieces[int(i)] for i in order]


def split(hello, n):
    size = -(-len(hello) // n)
    return [(i, hello[i : i + size]) for i in range(0, len(hello), size)]


def plan(name, sni):
    """A plan's name -> (bytes on the SYN, [(offset, bytes)], length of the stream)."""
    kind, _, arg = name.partition(":")
    one = openssl_hello(sni)
    if kind == "whole":
        return b"", [(0, one)], len(one)
    if kind == "bytes":
        return b"", split(one, len(one)), len(one)
    if kind == "five":
        return b"", permute(arg, split(one, 5)), len(one)
    if kind == "twice":  # every segment comes twice, backwards
        pieces = split(one, 5)[::-1]
        return b"", [p for p in pieces for _ in (0, 1)], len(one)
    if kind == "records":
        h = records(one[5:], int(arg))
        return b"", [(0, h)], len(h)
    if kind == "records-bytes":
        h = records(one[5:], int(arg))
        return b"", split(h, len(h)), len(h)
    if kind == "syn":
        return one, [(0, one)], len(one)
    if kind == "syn-part":  # the first 100 bytes on the SYN, the rest after it
        return one[:100], [(0, one[:100]), (100, one[100:])], len(one)
    if kind == "plain":  # crafted, small, whole
        h = records(crafted_hello(sni, False), 1)
        return b"", [(0, h)], len(h)
    if kind == "pq":
        h = records(crafted_hello(sni, True), 1)
        n, _, order = arg.partition("/")
        pieces = split(h, int(n))
        return b"", permute(order, pieces) if order else pieces, len(h)
    if kind == "overlap":  # a decoy name first, out of order; then the true one over it
        at = one.find(sni.encode())
        decoy = one[:at] + b"w" * len(sni) + one[at + len(sni) :]
        return b"", [(50, decoy[50:]), (50, one[50:]), (0, one[:50])], len(one)
    raise SystemExit("no plan " + name)


def plans(names):
    for n in names:
        if n == "five:all":
            for p in itertools.permutations("01234"):
                yield "five:" + "".join(p)
        else:
            yield n


def raw_one(args, name, sport):
    on_syn, segments, length = plan(name, args.sni)
    c = Raw(args.iface, args.gwmac, args.src, args.addr, args.port, sport)
    result = "no-syn-ack"
    for _ in range(3):
        c.send(SYN, base=0, data=on_syn)
        got = c.receive(1)
        if got and got[0] & RST:
            # Fast: the hello on the SYN was answered with a reset.
            c.s.close()
            return "reset"
        if got and got[0] & (SYN | ACK) == SYN | ACK:
            c.peer = (got[1] + 1) & 0xFFFFFFFF
            taken = (got[2] - c.isn - 1) & 0xFFFFFFFF
            result = ""
            break
    if result:
        c.s.close()
        return result
    c.send(ACK, taken)
    for off, data in segments:
        if off + len(data) > taken:
            c.send(ACK | PSH, off, data)
    end = time.monotonic() + args.wait
    result = "silence"
    again = time.monotonic() + 1
    while time.monotonic() < end:
        got = c.receive(0.2)
        if got and got[0] & RST:
            result = "reset"
            break
        if got and got[3]:
            result = "data"
            break
        if not got and time.monotonic() > again:  # a segment may be lost: say it all again
            again = end
            for off, data in segments:
                c.send(ACK | PSH, off, data)
    c.close(length)
    return result


def raw(args):
    """Prints PLAN PORT LENGTH RESULT: reset, data, silence or no-syn-ack."""
    sport = args.sport
    for name in plans(args.plans):
        print(name, sport, plan(name, args.sni)[2], raw_one(args, name, sport), flush=True)
        sport += 1


# --- command line ----------------------------------------------------------------------------


def main():
    ap = argparse.ArgumentParser()
    sub = ap.add_subparsers(dest="command", required=True)

    def command(name, fn, where=True):
        p = sub.add_parser(name)
        if where:
            p.add_argument("addr")
            p.add_argument("port", type=int)
        p.add_argument("--wait", type=float, default=3)
        p.set_defaults(fn=fn)
        return p

    for name in ("tls", "http", "push", "drip", "sink", "udp-echo", "udp-push"):
        p = command(name, udp_server if name.startswith("udp") else tcp_server)
        p.add_argument("--cert")
        p.add_argument("--key")
        p.add_argument("--bytes", type=int, default=10_000_000)
        p.add_argument("--log", default="/dev/null")
        p.add_argument("--fastopen", action="store_true")
    p = command("watch", watch)
    p.add_argument("proto", choices=("tcp", "udp"))
    p.add_argument("log")
    p.add_argument("--chat", action="store_true")
    command("pull", pull)
    command("udp-send", udp_send)
    p = command("fastopen", fastopen)
    p.add_argument("--sni", default="a.example")
    p = command("many", many)
    p.add_argument("--n", type=int, default=100)
    p.add_argument("--parallel", type=int, default=8)
    p.add_argument("--pace", type=float, default=0, help="ms between a lane's connections")
    p.add_argument("--tls", action="store_true")
    p.add_argument("--sni", default="many.example")
    p = command("probe", probe)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--interval", type=float, default=5)
    p = command("kill", kill, where=False)
    p.add_argument("pid", type=int)
    p = command("raw", raw)
    p.add_argument("--iface", default="eth0")
    p.add_argument("--gwmac", required=True)
    p.add_argument("--src", required=True)
    p.add_argument("--sni", default="a.example")
    p.add_argument("--sport", type=int, default=20000)
    p.add_argument("plans", nargs="+")
    args = ap.parse_args()
    return args.fn(args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
