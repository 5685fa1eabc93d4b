# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what was found with what is expected, and counts."""
import collections

from expect.kinds import HABITS, KINDS, OTHER_VALUE, REASONS, SPEC
from expect.known import NO_FINGERPRINT, UNSEEN, more

FINGERPRINTS = ("ja3", "ja3_str", "ja4")


class Wanted:
    """One expected record."""
    def __init__(self, record):
        self.record, self.kind = record, KINDS[record["kind"]]
        self.pcap, self.n = record["pcap"], record["n"]

    def value(self, field):
        want = self.record.get(field)
        return OTHER_VALUE.get((self.pcap, field, str(want)), (want, ""))[0]

    def other(self, field):
        """Why value() is not the record's."""
        return OTHER_VALUE.get((self.pcap, field, str(self.record.get(field))), (0, ""))[1]

    def sources(self, field):
        return self.record.get("sources", {}).get(field, [])

    def disputed(self, field):
        return self.record.get("disputed", {}).get(field)

    def unknown(self, field):
        """A recording has no value where the program that made it says none; it is compared not."""
        return (field in self.record.get("unknown", ())
                or field == "dns_qname" and "dns_qname_lossy" in self.record)

    def required(self, field):
        return (len(self.sources(field)) >= 2 or "required" in self.record) \
            and not self.disputed(field)

    def alone(self):
        """One program at most sees the whole record."""
        return "required" not in self.record and \
            all(len(s) < 2 for s in self.record.get("sources", {}).values())

    def agrees(self, field, have):
        norm = self.kind.fields[field]
        return norm(have) == norm(self.value(field))

    def equals(self, got):
        return all(self.unknown(f) or self.agrees(f, got.get(f)) for f in self.kind.fields)


def pairs(wanted, found):
    """(wanted, found or None) for each record, then what of `found` is left: first those that agree
    in everything, then the rest in order."""
    left = list(found)
    mate = {}
    for w in sorted(wanted, key=lambda w: sum(map(w.unknown, w.kind.fields))):
        for got in left:
            if w.equals(got):
                mate[id(w)] = got
                left.remove(got)
                break
    for w in wanted:
        if id(w) not in mate and left:
            mate[id(w)] = left.pop(0)
    return [(w, mate.get(id(w))) for w in wanted], left


class Table:
    COLUMNS = ("records", "found", "required", "agree", "disputed", "single", "differ", "missing",
               "invented")

    def __init__(self, title, live):
        self.title, self.live = title, live
        self.rows = collections.defaultdict(collections.Counter)
        self.bad, self.notes = [], []
        self.reasons = collections.Counter()

    def missing(self, row, name, w):
        row["missing"] += 1
        r = w.record
        why = self.live and UNSEEN.get((w.pcap, r["kind"], r["sport"], r["dst"]))
        if why:
            self.reasons["not seen: " + why] += 1
        elif w.alone():
            self.notes.append(name + ": not found (one program alone sees it)")
        else:
            self.bad.append(name + ": not found")

    def compare(self, row, name, w, got):
        row["records"] += 1
        if got is None:
            self.missing(row, name, w)
            return
        row["found"] += 1
        for field in w.kind.fields:
            if not w.unknown(field):
                self.field(row, name, w, field, got.get(field))

    def field(self, row, name, w, field, have):
        want, disputed = w.value(field), w.disputed(field)
        if have is None and field in FINGERPRINTS and w.record["kind"].endswith("hello"):
            why = NO_FINGERPRINT.get((w.pcap, w.record["sport"]))
            if why:
                self.reasons["no fingerprint: " + why] += 1
                return
        if want is None and have is None:
            return
        if w.agrees(field, have):
            row["disputed" if disputed else "required" if w.required(field) else "single"] += 1
            row["agree"] += 1
            if disputed:
                self.dispute(w, field)
            elif want != w.record.get(field):
                self.reasons["other %s: %s" % (field, w.other(field))] += 1
        elif want is None:
            row["invented"] += 1
            self.bad.append("%s: %s %s, which no other program sees" % (name, field, have))
        else:
            self.differs(row, name, w, field, have)

    def dispute(self, w, field):
        notes = w.record.get("dispute_notes", {}).get(field, {})
        own = w.other(field) or REASONS.get((w.pcap, w.record["sport"], w.n))
        for who in w.disputed(field):
            program = who.split("-")[0].split("/")[0]
            reason = notes.get(who) or own or HABITS.get((field, program))
            text = "disputed %s as in %s, not as %s: %s" % (field, SPEC[field], program, reason)
            self.reasons[text] += 1
            if not reason:
                self.bad.append("%s %s %d #%d: %s" % (w.pcap, w.record["kind"],
                                                      w.record["sport"], w.n, text))

    def differs(self, row, name, w, field, have):
        text = "%s: %s is %s, should be %s" % (name, field, have, w.value(field))
        if w.required(field):
            row["required"] += 1
        elif w.disputed(field):
            row["disputed"] += 1
            text += " (%s)" % SPEC[field]
        else:
            row["single"] += 1
            self.notes.append(text + " (one program alone says so)")
            return
        row["differ"] += 1
        self.bad.append(text)

    def extra(self, row, pcap, kind, flow, got, same):
        """A record that no other program has. Their eyes have limits, too."""
        why = more(pcap, kind, flow, got, same)
        if why:
            self.reasons["more than others see: " + why] += 1
            return
        row["invented"] += 1
        self.bad.append("%s %s %s: a record that no other program has: %s" %
                        (pcap, kind, spell(flow), got))

    def show(self, verbose):
        print(self.title)
        print("  %-18s %-11s" % ("kind", "category") + "".join("%9s" % c for c in self.COLUMNS))
        total = collections.Counter()
        for kind in KINDS:
            of_kind = collections.Counter()
            for key in sorted(k for k in self.rows if k[0] == kind and any(self.rows[k].values())):
                of_kind.update(self.rows[key])
                self.line(key[0], key[1], self.rows[key])
            if of_kind:
                self.line(kind, "all", of_kind)
            total.update(of_kind)
        self.line("all", "", total)
        for text, n in sorted(self.reasons.items()):
            print("  %4d  %s" % (n, text))
        for text in self.notes if verbose else ():
            print("  note: " + text)
        for text in self.bad:
            print("  WRONG " + text)
        return not self.bad and total["agree"] > 0

    def line(self, kind, category, row):
        print("  %-18s %-11s" % (kind, category) + "".join("%9d" % row[c] for c in self.COLUMNS))


def spell(flow):
    return "%s:%d > %s:%d" % flow[1:]
