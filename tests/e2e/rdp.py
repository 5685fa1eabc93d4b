#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The first words of an RDP server (MS-RDPBCGR 2.2.1.2): confirms the connection, chooses TLS, and
tells "ADDRESS PORT asked" and "ADDRESS PORT tls" on its output. usage: rdp.py ADDR PORT CERT KEY"""
import socket
import ssl
import struct
import sys

addr, port, cert, key = sys.argv[1:]
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(cert, key)
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((addr, int(port)))
s.listen()


def say(what):
    sys.stdout.write("%s %s %s\n" % (addr, port, what))
    sys.stdout.flush()


def exactly(k, n):
    b = b""
    while len(b) < n:
        more = k.recv(n - len(b))
        if not more:
            raise OSError("the client is gone")
        b += more
    return b


while True:
    k, _ = s.accept()
    try:
        k.settimeout(5)
        head = exactly(k, 4)
        exactly(k, struct.unpack(">H", head[2:4])[0] - 4)
        say("asked")
        # X.224 connection confirm, with an RDP_NEG_RSP that chooses PROTOCOL_SSL
        k.sendall(bytes.fromhex("030000130ed000001234000200080001000000"))
        with ctx.wrap_socket(k, server_side=True) as t:
            say("tls")
            t.recv(1000)
    except (OSError, ssl.SSLError) as e:
        say("ended: %s" % e)
    finally:
        k.close()
