# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of the cases: read from the log, counted in a table."""
import collections
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import hellos  # noqa: E402
import query  # noqa: E402
import quic  # noqa: E402
import speech  # noqa: E402
import tcp  # noqa: E402
import web  # noqa: E402

RULES = """rules = (
  { name = "bad"; when: { domain = "*.bad.example"; }; action = "drop"; block = "flow"; },
  { name = "bad-query"; when: { query = "*.bad.example"; }; action = "drop"; block = "flow"; },
  { name = "ech"; when: { ech = true; }; action = "drop"; block = "flow"; },
  { name = "nameless"; when: { app = "tls"; sni = "none"; port = 4433; }; action = "drop"; block = "flow"; },
  { name = "app"; when: { app = [ "ssh", "rdp", "bittorrent", "wireguard", "openvpn", "stun" ]; };
    action = "drop"; block = "flow"; },
  { name = "unknown"; when: { app = "unknown"; port = [ 53, 4433 ]; }; action = "drop"; block = "flow"; },
  { name = "tunnel"; when: { proto = [ 4, 41, 47, 50, 51, 115 ]; }; action = "drop"; block = "flow"; }
);
"""
RESULTS = ("stopped", "told", "kernel", "open", "clean")
MAY = {"name": ("stopped",), "told": ("stopped", "told"), "open": ("stopped", "told", "open"),
       "free": RESULTS, "limit": RESULTS, "clean": ("clean",)}
NAME_RULES = ("bad", "bad-query")


def all_cases():
    out = tcp.cases()
    for module in (hellos, web, query, quic, speech):
        out += module.cases()
    return out


class Seen:
    """What the log says of one connection."""

    def __init__(self):
        self.verdict, self.rule, self.anomalies = None, None, set()

    def __str__(self):
        return "%s %s %s" % (self.verdict, self.rule or "", " ".join(sorted(self.anomalies)))

    def take(self, record):
        context = record.get("alert", {}).get("context", {})
        self.anomalies.update(context.get("anomalies", ()))
        verdict = context.get("action")
        if record["event_type"] == "flow":
            verdict = record["metadata"]["flowvars"][0]["value"]
        if verdict in ("drop", "reject"):
            self.verdict, self.rule = "drop", context.get("rule", self.rule)
        elif self.verdict != "drop":
            self.verdict = verdict or self.verdict


class Log:
    """What it says: case -> Seen. `take` may come again with more lines."""

    def __init__(self):
        self.got = collections.defaultdict(Seen)

    def take(self, lines):
        for line in lines:
            r = json.loads(line)
            if "src_ip" in r:
                port = r.get("src_port") if r.get("proto") in ("TCP", "UDP") else None
                self.got[port or None, r["src_ip"]].take(r)
        return self

    def of(self, case):
        return self.got[case.key()]


def come_of(seen):
    if seen.verdict == "drop":
        return "stopped"
    if seen.anomalies:
        return "told"
    return "clean" if seen.verdict else "open"


def wrong(case, seen, result):
    """Why, or None."""
    if result not in MAY[case.must] and not (result == "kernel" and (case.kernel or case.refused)):
        return "must be " + " or ".join(MAY[case.must])
    rules = (case.rule,) if case.must == "name" and case.rule else NAME_RULES + (case.rule,)
    if result == "stopped" and seen.rule not in rules:
        return "must be stopped by rule " + (case.rule or "bad")
    if case.says and case.says not in seen.anomalies:
        return "must say " + case.says
    return None


def report(cases, results, why):
    """The table and the sum; True if all ended as they must. `results`, `why`: of each case."""
    print_table([(c.group, r) for c, r in zip(cases, results)])
    for case, result in zip(cases, results):
        if case.must == "limit" and result == "clean":
            print("  known limit: %s" % case)
    bad = sum(w is not None for w in why)
    print("%d passed, %d failed" % (len(cases) - bad, bad))
    return not bad


SHOWN = [60]  # of those that are wrong


def tell(case, seen, result, why, verbose):
    SHOWN[0] -= why is not None
    if why and SHOWN[0] >= 0 or verbose:
        print("  %s%s: %s (%s)%s" % ("WRONG " if why else "", case, result, seen, ", " + why if why else ""))


def print_table(rows):
    """rows: (group, result) of every case."""
    table = collections.defaultdict(collections.Counter)
    for group, result in rows:
        table[group][result] += 1
        table["all"][result] += 1
    print("  %-14s%8s" % ("kind", "cases") + "".join("%9s" % r for r in RESULTS))
    for group in [g for g in table if g != "all"] + ["all"]:
        row = table[group]
        print("  %-14s%8d" % (group, sum(row.values())) + "".join("%9d" % row[r] for r in RESULTS))
