#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""eve.py [-g KEY] FILE KEY=VALUE... : lines of an eve.json that have all these values.

Dotted keys reach into objects; KEY~TEXT: the value contains TEXT; KEY!=VALUE: differs or is absent;
KEY alone: is there. A list holds if one of its values does. Exit status 0 if there is a line.
"""
import json
import sys


def find(o, key):
    for k in key.split("."):
        if not isinstance(o, dict) or k not in o:
            return None
        o = o[k]
    return o


def text(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    return v if isinstance(v, str) else json.dumps(v)


def same(v, want):
    if v is None:
        return False
    if isinstance(v, list):
        return any(same(x, want) for x in v)
    return text(v) == want


def holds(o, cond):
    if "!=" in cond:
        key, want = cond.split("!=", 1)
        return not same(find(o, key), want)
    if "~" in cond and ("=" not in cond or cond.index("~") < cond.index("=")):
        key, want = cond.split("~", 1)
        v = find(o, key)
        return v is not None and want in text(v)
    if "=" in cond:
        key, want = cond.split("=", 1)
        return same(find(o, key), want)
    return find(o, cond) is not None


def main():
    args = sys.argv[1:]
    get = None
    if args and args[0] == "-g":
        get = args[1]
        args = args[2:]
    n = 0
    with open(args[0], encoding="utf-8") as f:
        for line in f:
            if not line.endswith("\n"):
                break  # is being written
            try:
                o = json.loads(line)
            except ValueError:
                print("eve.py: not JSON: " + line.rstrip(), file=sys.stderr)
                return 2
            if all(holds(o, c) for c in args[1:]):
                n += 1
                if get is None:
                    sys.stdout.write(line)
                else:
                    v = find(o, get)
                    if v is not None:
                        print(text(v))
    return 0 if n else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FileNotFoundError:
        sys.exit(1)
