"""Counts the answers in reports of schemathesis, and fails if there are too few, or too many that say nothing."""

import collections
import json
import sys

CASES_MIN = 5_000
UNSERVED_MAX = 1 / 20


def statuses(path):
    """The status of every answer in a report."""
    with open(path, encoding="utf-8") as report:
        for line in report:
            yield from found(json.loads(line))


def found(value):
    if isinstance(value, dict):
        if "status_code" in value and isinstance(value["status_code"], int):
            yield value["status_code"]
        for one in value.values():
            yield from found(one)
    elif isinstance(value, list):
        for one in value:
            yield from found(one)


counts = collections.Counter(status for path in sys.argv[1:] for status in statuses(path))
cases = sum(counts.values())
unserved = (counts[402] + counts[429]) / max(cases, 1)
print(f"requests: {cases}; by status: {dict(sorted(counts.items()))}; 402 and 429: {unserved:.1%}")
if cases < CASES_MIN or unserved > UNSERVED_MAX:
    sys.exit(f"wanted: at least {CASES_MIN} requests, at most {UNSERVED_MAX:.0%} of them answered 402 or 429")
