# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests (RFC 9112) whose host is the bad one, or that another reader takes for that."""
from wire import BAD as B, Case, GOOD as G, both


def get(head, line="GET / HTTP/1.1"):
    return "%s\r\n%s\r\n\r\n" % (line, head)


def post(head, body=""):
    return get("Host: %s\r\n%s" % (B, head), "POST / HTTP/1.1") + body


PLAIN = {
    "plain": get("Host: " + B),
    "no space": get("Host:" + B),
    "upper case": get("HOST: " + B.upper()),
    "lower case": get("host: " + B),
    "tabs": get("Host:\t" + B + "\t "),
    "port": get("Host: " + B + ":8080"),
    "final dot": get("Host: " + B + "."),
    "last of 60 fields": get("".join("X-%d: y\r\n" % i for i in range(60)) + "Host: " + B),
    "behind 8 KiB": get("X: " + "y" * 8192 + "\r\nHost: " + B),
    "HTTP/1.0": get("Host: " + B, "GET / HTTP/1.0"),
    "absolute target": get("Host: " + B, "GET http://%s/ HTTP/1.1" % B),
    "absolute target with port": get("Host: " + B + ":81", "GET http://%s:81/ HTTP/1.1" % B),
    "POST": post("Content-Length: 3", "abc"),
    "chunks": post("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
    "two requests": get("Host: " + B) + get("Host: " + G),
    "method of its own": get("Host: " + B, "BREW /pot HTTP/1.1"),
    "HEAD": get("Host: " + B, "HEAD / HTTP/1.1"),
    "OPTIONS *": get("Host: " + B, "OPTIONS * HTTP/1.1"),
    "upgrade": get("Host: %s\r\nConnection: Upgrade\r\nUpgrade: websocket" % B),
    "CONNECT": get("Host: " + B, "CONNECT %s:443 HTTP/1.1" % B),
    "CONNECT, another Host": get("Host: " + G, "CONNECT %s:443 HTTP/1.1" % B),
    "absolute target, good Host": get("Host: " + G, "GET http://%s/ HTTP/1.1" % B),
}
ODD = {
    "bare LF": get("Host: " + B).replace("\r\n", "\n"),
    "one bare LF": "GET / HTTP/1.1\nHost: %s\r\n\r\n" % B,
    "bare LF before Host": get("X: a\nHost: " + B),
    "bare CR": get("X: a\rHost: " + B),
    "folded": get("Host:\r\n " + B),
    "folded before": get("X: a\r\n b\r\nHost: " + B),
    "space before colon": get("Host : " + B),
    "space before the field": get(" Host: " + B),
    "NUL in the field": get("Host: %s\0" % B),
    "NUL before": get("X: a\0b\r\nHost: " + B),
    "NUL in the name": get("Ho\0st: " + B),
    "two Hosts, bad first": get("Host: %s\r\nHost: %s" % (B, G)),
    "two Hosts, bad second": get("Host: %s\r\nHost: %s" % (G, B)),
    "two equal Hosts": get("Host: %s\r\nHost: %s" % (B, B)),
    "Host with user": get("Host: me@" + B),
    "Host with slash": get("Host: %s/x" % B),
    "Host with two": get("Host: %s, %s" % (G, B)),
    "Host with space": get("Host: %s %s" % (G, B)),
    "Host with bytes": get("Host: \xff\xfe." + B),
    "Host with odd port": get("Host: %s:99999999" % B),
    "Host with scheme": get("Host: http://" + B),
    "empty Host": get("Host:"),
    "no Host": get("X: y"),
    "good Host in another case": get("host: " + G, "GET HTTP://%s/ HTTP/1.1" % B),
    "user in the target": get("Host: " + G, "GET http://%s@%s/ HTTP/1.1" % (G, B)),
    "two spaces": get("Host: " + B, "GET  / HTTP/1.1"),
    "tab in the line": get("Host: " + B, "GET\t/ HTTP/1.1"),
    "space at the line's end": get("Host: " + B, "GET / HTTP/1.1 "),
    "target with space": get("Host: " + B, "GET /a b HTTP/1.1"),
    "no version": "GET /\r\nHost: %s\r\n\r\n" % B,
    "version 1.9": get("Host: " + B, "GET / HTTP/1.9"),
    "version 3.0": get("Host: " + B, "GET / HTTP/3.0"),
    "lower case version": get("Host: " + B, "GET / http/1.1"),
    "lower case method": get("Host: " + B, "get / HTTP/1.1"),
    "empty line first": "\r\n" + get("Host: " + B),
    "five empty lines first": "\r\n" * 5 + get("Host: " + B),
    "bytes in the target": get("Host: " + B, "GET /\xe4 HTTP/1.1"),
    "field without colon": get("oops\r\nHost: " + B),
    "empty field name": get(": x\r\nHost: " + B),
    "field name with space": get("X Y: z\r\nHost: " + B),
    "two lengths": post("Content-Length: 3\r\nContent-Length: 5", "abc"),
    "two equal lengths": post("Content-Length: 3\r\nContent-Length: 3", "abc"),
    "lengths in a list": post("Content-Length: 3, 5", "abc"),
    "length and chunks": post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    "length of -1": post("Content-Length: -1"),
    "length with sign": post("Content-Length: +3", "abc"),
    "length in hex": post("Content-Length: 0x3", "abc"),
    "chunks twice": post("Transfer-Encoding: chunked, chunked"),
    "chunks, not last": post("Transfer-Encoding: chunked, gzip"),
    "chunks by another name": post("Transfer-Encoding: xchunked"),
    "CONNECT to no port": get("Host: " + B, "CONNECT %s HTTP/1.1" % B),
    "CONNECT to a path": get("Host: " + B, "CONNECT / HTTP/1.1"),
    "100 KiB of fields": get("X: y\r\n" * 17000 + "Host: " + B),
    "field of 20 KiB": get("X: " + "y" * 20000 + "\r\nHost: " + B),
    "control in a value": get("X: a\x01b\r\nHost: " + B),
    "delete in a value": get("X: a\x7fb\r\nHost: " + B),
}


def http(v6):
    for table, must in ((PLAIN, "name"), (ODD, "told")):
        for name, text in table.items():
            data = text.encode("latin-1")
            c = Case("HTTP", name, must, 80, v6=v6).open()
            yield c.send(data, range(1400, len(data), 1400))
    data = get("User-Agent: x\r\nHost: " + B).encode()
    yield Case("HTTP", "a byte each", "name", 80, v6=v6).open().send(data, range(1, len(data)))
    for at in (1, 3, 4, 15, 16, 17, 33, 40, len(data) - 3, len(data) - 1):
        yield Case("HTTP", "cut at %d" % at, "name", 80, v6=v6).open().send(data, [at])
    first = get("Host: " + G).encode()
    # A connection is judged by its first request.
    yield Case("HTTP", "two at once, bad second", "limit", 80, v6=v6).open().send(first + data)


def cases():
    return both(http)
