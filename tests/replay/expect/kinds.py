# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of expected records: their fields, where a log record of `sluice replay --json` has
them, and by which words a value is right where programs differ."""
from expect.capture import ip

# Where programs differ, the written specification decides. The record's own value (tshark's) is
# right unless OTHER_VALUE says otherwise.
SPEC = {
    "ja4": "FoxIO JA4.md",
    "ja3": "README of salesforce/ja3",
    "ja3_str": "README of salesforce/ja3",
    "sni": "RFC 6066 section 3",
    "alpn": "RFC 7301 section 3.1",
    "http_uri": "RFC 9112 section 3.2",
    "http_ua": "RFC 9110 section 10.1.5",
    "http_host": "RFC 9112 section 3.2",
    "dns_qname": "RFC 1035 section 4.1.2, bytes as on the wire",
    "dns_qtype": "RFC 1035 section 4.1.2, a number without a registered name",
}
# (capture, field, value of the record) -> (right value, reason)
MASKED = "both programs write ? for the byte that stands in the capture"
OTHER_VALUE = {
    ("pcap/malformed/ndpi-fuzz-2006-06-26.pcap", "dns_qname", "ftp.ecite?e.com"):
        ("ftp.ecite\\xece.com", MASKED),
    ("pcap/malformed/ndpi-fuzz-2006-06-26.pcap", "dns_qname", "1.0.0.1?7.in-addr.arpa"):
        ("1.0.0.1\\xef7.in-addr.arpa", MASKED),
    ("pcap/http/sv-http-multiple-cl.pcap", "http_uri", "/bad.php"): (
        "/evil.php", "the request before has two lengths that differ, so that nobody can say where "
        "it ends (RFC 9112 section 6.3); tshark takes the second, Suricata the first, as we do"),
}
# Why the others' value is not the specification's, where the data do not say: by (field, program),
# and by (capture, source port, n).
HABITS = {
    ("dns_qname", "ntop"): "nDPI has one name a flow, in lower case, with ? or _ for bytes that no "
                           "host name has",
    ("dns_qname", "arkime"): "arkime decodes punycode",
    ("dns_qname", "suricata"): "Suricata leaves control bytes out",
    ("ja4", "ntop"): "nDPI 2024-10: d without SNI, the second character of ALPN, and a hash of "
                     "nothing where JA4.md has zeros",
}
REASONS = {
    ("pcap/http/arkime-tcp-reassembly.pcap", 40005, 0): "the request line is in the capture",
    ("pcap/http/ndpi-http-ua-split.pcap", 21359, 0):
        "the rest of the field comes in a segment of its own",
    ("pcap/http/ua2f-http-multiple-ua.pcap", 20003, 0):
        "sent twice, which the grammar does not allow: the first is told, they are not joined",
    ("pcap/benign/ndpi-1kxun.pcap", 42566, 0): "nDPI cuts it short",
    ("pcap-nolicence/malware/unit42-emotet-example-1.pcap", 49845, 0):
        "that is the second request of the flow, told by itself",
    ("pcap/tls/sv-tls-duplicate-hello.pcap", 49954, 0):
        "Suricata counts the lists of both hellos of the flow in one",
    ("pcap/malformed/ndpi-fuzz-2006-06-26.pcap", 2742, 1):
        "Suricata has another message of the flow",
}


def same(a):
    return a


def host(a):
    """Without its port and brackets, which some programs drop; names have no case."""
    if a is None:
        return None
    bare, colon, port = a.rpartition(":")
    if colon and port.isdigit() and (":" not in bare or bare.endswith("]")):
        a = bare
    return a.strip("[]").lower()


def name(a):
    """DNS names have no case (RFC 4343). tshark writes some bytes as C does."""
    if a is None:
        return None
    for c, x in zip("abtnvfr", (7, 8, 9, 10, 11, 12, 13)):
        a = a.replace("\\" + c, "\\x%02x" % x)
    return a.lower()


def number(a):
    """A type without a name is told as TYPE12345 (RFC 3597 section 5); tshark has none for OPT."""
    return a[4:] if a and a.startswith("TYPE") else {"41": "OPT"}.get(a, a)


def empty(a):
    return a or None


def get(record, *path):
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def hello(t):
    return {
        "ja3": get(t, "ja3", "hash"),
        "ja3_str": get(t, "ja3", "string"),
        "ja4": get(t, "ja4"),
        "sni": get(t, "sni"),
        "alpn": get(t, "client_alpns"),
    }


def from_tls(record):
    return hello(record.get("tls"))


def from_quic(record):
    return hello(record.get("quic"))


def from_http(record):
    h = record.get("http", {})
    return {
        "http_method": h.get("http_method"),
        "http_uri": h.get("url"),
        "http_host": h.get("hostname"),
        "http_ua": h.get("http_user_agent"),
    }


def from_dns(record):
    d = record.get("dns", {})
    q = (d.get("queries") or [{}])[0]
    return {
        "dns_qname": q.get("rrname"),
        "dns_qtype": q.get("rrtype"),
        "dns_id": "0x%04x" % d["id"] if "id" in d else None,
    }


def banner(side):
    if not side or "software_version" not in side:
        return None
    return "SSH-%s-%s" % (side.get("proto_version"), side["software_version"])


def from_ssh(record):
    s = record.get("ssh", {})
    return {
        "ssh_client": banner(s.get("client")),
        "ssh_server": banner(s.get("server")),
        "hassh": get(s, "client", "hassh", "hash"),
    }


def from_rdp(record):
    cookie = get(record, "rdp", "cookie")
    return {"rdp_cookie": "Cookie: mstshash=" + cookie if cookie else None}


class Kind:
    """`fields`: name -> how values are made comparable. `extract`: the same names from a log
    record. `begins`: whether a stream or datagram that begins with `head` is this expected one."""
    def __init__(self, fields, extract, begins):
        self.fields, self.extract, self.begins = fields, extract, begins


def is_tls(record, head):
    return len(head) >= 6 and head[0] == 0x16 and head[1] == 3 and head[5] == 1


def is_http(record, head):
    return head.startswith((record["http_method"] + " ").encode()[:8])


def is_ssh(record, head):
    return head.startswith(b"SSH-")


def is_rdp(record, head):
    return head[:2] == b"\x03\x00"


def is_bittorrent(record, head):
    return head.startswith(b"\x13BitTor")


def is_http2(record, head):
    return head.startswith(b"PRI * HT")


def is_dns(record, head):
    wire = bytes.fromhex(record["dns_id"][2:])
    return head[2:4] == wire if record["proto"] == "tcp" else head[:2] == wire


def is_datagram(record, head):
    return True


HELLO = {"ja3": same, "ja3_str": same, "ja4": same, "sni": name, "alpn": same}
KINDS = {
    "tls-client-hello": Kind(HELLO, from_tls, is_tls),
    "quic-client-hello": Kind({f: HELLO[f] for f in ("ja3", "ja3_str", "ja4", "sni")}, from_quic,
                              is_datagram),
    "dtls-client-hello": Kind(HELLO, from_tls, is_datagram),
    "http-request": Kind({"http_method": same, "http_uri": same, "http_host": host,
                          "http_ua": empty}, from_http, is_http),
    "http2-request": Kind({"http_method": same, "http_host": host}, from_http, is_http2),
    "dns-query": Kind({"dns_qname": name, "dns_qtype": number, "dns_id": same}, from_dns, is_dns),
    "ssh": Kind({"ssh_client": same, "ssh_server": same, "hassh": same}, from_ssh, is_ssh),
    "rdp": Kind({"rdp_cookie": same}, from_rdp, is_rdp),
    "bittorrent": Kind({}, lambda record: {}, is_bittorrent),
}


def kind_of(record):
    """Which kind a log record is, or None."""
    what, app = record["event_type"], record.get("app_proto")
    if what == "tls":
        return "dtls-client-hello" if app == "dtls" else "tls-client-hello"
    if what == "http":
        return "http2-request" if app == "http2" else "http-request"
    if app == "bittorrent" and record["proto"] == "TCP" and what in ("bittorrent", "flow"):
        return "bittorrent"
    return {"quic": "quic-client-hello", "dns": "dns-query", "ssh": "ssh", "rdp": "rdp"}.get(what)


def flow_of(record):
    """(protocol, source, port, destination, port) of a log record."""
    proto = {"TCP": "tcp", "UDP": "udp"}.get(record.get("proto"), record.get("proto"))
    return (proto, ip(record["src_ip"]), record.get("src_port", 0), ip(record["dest_ip"]),
            record.get("dest_port", 0))


def flow_of_expected(r):
    return r["proto"], ip(r["src"]), r["sport"], ip(r["dst"]), r["dport"]
