# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol that nDPI and arkime name for a flow in their own tests, against ours."""
import collections

from expect.kinds import flow_of_expected
from expect.table import spell

# First part of a label of nDPI ("A.B": B inside A) -> what we may say. Protocols that are not in
# this table are none that Sluice knows, and their flows are not counted.
NDPI = {
    "TLS": {"tls", "dot", "anydesk"}, "QUIC": {"quic"}, "DTLS": {"dtls"}, "HTTP": {"http"},
    "HTTP_Connect": {"http", "tls"}, "HTTP_Proxy": {"http"}, "WebSocket": {"http"},
    "DNS": {"dns"}, "SSH": {"ssh"}, "RDP": {"rdp", "tls"}, "SOCKS": {"socks", "tls", "http"},
    "SMTP": {"smtp"}, "SMTPS": {"smtp", "tls"}, "IMAPS": {"imap", "tls"}, "POPS": {"pop3", "tls"},
    "FTP_CONTROL": {"ftp"}, "FTPS": {"ftp", "tls"}, "SMBv23": {"smb"}, "SMBv1": {"smb"},
    "MQTT": {"mqtt"}, "Mining": {"stratum"},
    "BitTorrent": {"bittorrent"}, "OpenVPN": {"openvpn"}, "WireGuard": {"wireguard"},
    "IPSec": {"ike"}, "STUN": {"stun"}, "NTP": {"ntp"}, "ICMP": {"icmp"},
}
# Protocols of arkime, the most telling first.
ARKIME = (("bittorrent", {"bittorrent"}), ("socks", {"socks", "http", "tls"}),
          ("tls", {"tls", "http"}), ("http", {"http"}), ("ssh", {"ssh"}), ("dns", {"dns"}),
          ("ntp", {"ntp"}), ("icmp", {"icmp"}))
# OISF says of these that they are BitTorrent's DHT.
OISF = {"bittorrent"}


def meaning(r):
    """(label as counted, what we may say), or None for protocols outside the list."""
    app, who = r["app"], r["sources"]["app"][0]
    if app is None and who.startswith("OISF/suricata-verify:tests/bittorrent-dht/"):
        return "suricata bittorrent-dht", OISF
    if isinstance(app, list):
        for label, ours in ARKIME:
            if label in app:
                return "arkime " + label, ours
        return None
    if not app:
        return None
    first = app.split(".")[0]
    return ("nDPI " + first, NDPI[first]) if first in NDPI else None


# Labels of other protocols that we call something, and why that is no invention.
OUTSIDE = {
    ("NetBIOS", "dns"): "a NetBIOS name query is a DNS message (RFC 1002 section 4.2), here to a "
                        "port that is not NetBIOS's",
}
GUESSED = ("Match by port", "Match by IP")  # what nDPI says of itself

# What a capture proves: label -> (which flows, why they are not counted against us).
PROOFS = (
    (("nDPI TLS", "nDPI IMAPS"), lambda seen, ends: ends not in seen.hellos,
     "no ClientHello is in the capture, only the middle of a connection"),
    (("nDPI DNS",), lambda seen, ends: ends in seen.answers,
     "only answers are in the capture, no query"),
)

# (capture, label, a port of the flow) -> why we say something else, or nothing
FUZZ = "pcap/malformed/ndpi-fuzz-2006-06-26.pcap"
LONG_LABEL = "its name begins with a label of 97 bytes, which none can have (RFC 1035 section 2.3.4)"
ARGUED = {
    ("pcap/tls/ndpi-tls-missing-ch-frag.pcap", "nDPI TLS", 33063):
        "half of the ClientHello is missing in the capture: nothing may be said of it",
    ("pcap/http/ndpi-websocket.pcap", "nDPI WebSocket", 50999):
        "begins behind the HTTP request: only WebSocket frames are in the capture",
    ("pcap/malformed/ndpi-quic-fuzz-overflow.pcap", "nDPI QUIC", 8224):
        "version Q024 never had a long header: no QUIC implementation sends or reads this",
    (FUZZ, "nDPI DNS", 2752): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2796): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2749): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2811): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2815): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2751): LONG_LABEL,
    (FUZZ, "nDPI DNS", 2761): "the IP header cuts it off behind the DNS header: there is no question",
    (FUZZ, "nDPI DNS", 2774): "it states that it has no question",
}


class Labels:
    COLUMNS = ("flows", "agree", "guessed", "argued", "nothing", "another")

    def __init__(self):
        self.rows = collections.defaultdict(collections.Counter)
        self.reasons, self.bad = collections.Counter(), []

    def compare(self, r, ends, apps, seen):
        """`apps`: what the log says of the flow, in either direction. `seen`: capture.Begins."""
        known = meaning(r)
        if not known:
            self.outside(r, apps)
            return
        label, ours = known
        row = self.rows[label]
        row["flows"] += 1
        if apps & ours:
            row["agree"] += 1
            return
        if not apps and r["app_conf"] in GUESSED:
            row["guessed"] += 1
            self.reasons["%s: nDPI guesses by the port alone, and says so" % label] += 1
            return
        why = self.argued(r, label, ends, seen) if not apps else None
        if why:
            row["argued"] += 1
            self.reasons["%s: %s" % (label, why)] += 1
            return
        row["another" if apps else "nothing"] += 1
        self.bad.append("%s %s: %s, we say %s (%s)" % (
            r["pcap"], spell(flow_of_expected(r)), label, ", ".join(sorted(apps)) or "nothing",
            r["app_conf"]))

    def outside(self, r, apps):
        """A label that says nothing, or a protocol that is not ours: then ours is wrong."""
        app = r["app"] or "none"
        label = app.split(".")[0] if isinstance(app, str) else "arkime's"
        for ours in apps:
            why = OUTSIDE.get((label, ours))
            if label in ("none", "Unknown"):
                why = "the other program does not know it"
            if why:
                self.reasons["%s, where the label is %s: %s" % (ours, label, why)] += 1
            else:
                self.rows["outside: " + label]["another"] += 1
                self.bad.append("%s %s: %s, we say %s" % (
                    r["pcap"], spell(flow_of_expected(r)), r["app"], ours))

    def argued(self, r, label, ends, seen):
        for labels, holds, why in PROOFS:
            if label in labels and holds(seen, ends):
                return why
        return ARGUED.get((r["pcap"], label, r["sport"])) or \
            ARGUED.get((r["pcap"], label, r["dport"]))

    def show(self):
        print("protocol of each flow, by the labels of others")
        print("  %-26s" % "label" + "".join("%9s" % c for c in self.COLUMNS))
        for label in sorted(self.rows):
            print("  %-26s" % label + "".join("%9d" % self.rows[label][c] for c in self.COLUMNS))
        for text, n in sorted(self.reasons.items()):
            print("  %4d  %s" % (n, text))
        for text in self.bad:
            print("  WRONG " + text)
        return not self.bad
