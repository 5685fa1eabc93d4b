# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known and argued, one by one. Nothing here lowers a bar: each line names one message of
one capture, or one limit of the other programs, and why it is as it is."""

# Hellos that break their grammar: the name is told, a fingerprint is not. (capture, source port)
NO_FINGERPRINT = {
    ("pcap/tls/ndpi-tls-invalid-reads.pcap", 58552):
        "its extensions run past its end (RFC 8446 section 4.2): no server takes it",
}

# What the agent does not see and --all does: (capture, kind, source port, destination) -> why
FUZZ = "pcap/malformed/ndpi-fuzz-2006-06-26.pcap"
LONG = "its UDP header states more bytes than the packet has: no host takes it, nor conntrack"
UNSEEN = {
    (FUZZ, "dns-query", 2712, "192.37.115.0"): LONG,
    (FUZZ, "dns-query", 2715, "192.168.1.1"): LONG,
    (FUZZ, "dns-query", 2787, "192.168.3.1"): LONG,
    (FUZZ, "dns-query", 2799, "192.168.1.1"): LONG,
}

# Records that the table of expected ones lacks: (capture, kind, source address, source port)
ONLY = {
    ("pcap/p2p/arkime-bt-tcp.pcap", "bittorrent", "10.10.10.10", 43890):
        "arkime calls this flow BitTorrent: a whole handshake, to a port where tshark looks not",
}


def more(pcap, kind, flow, got, same):
    """Why others have no such record, or None. `same`: the others' records of this flow."""
    src, sport, dport = flow[1], flow[2], flow[4]
    if kind == "dns-query" and 53 not in (sport, dport):
        return "DNS elsewhere than on port 53, where tshark does not look"
    if kind == "quic-client-hello" and any(w.equals(got) for w in same):
        return "a QUIC hello again after a Retry, under another key, which tshark does not open"
    for w in same:
        for field, others in w.record.get("disputed", {}).items():
            if got.get(field) in others.values():
                return "what a program that differs has in the place of another message"
    return ONLY.get((pcap, kind, src, sport))
