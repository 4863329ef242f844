"""Turns records into medians, the table of all cases and the table of the targets."""

import statistics

# Server CPU per request of the floor (mlp, 16 connections) where the absolute CPU targets were set.
FLOOR_CPU_US_OF_TARGETS = 11.0
MEGABYTES_OF_MEBIBYTE = 1.048576


class Results:
    """Every record, found by what was measured. Records in which others computed count only if there is no other."""

    def __init__(self, records):
        self._groups = {}
        for record in records:
            key = (record["kind"], record["server"], record["model"], record["form"], record["connections"])
            self._groups.setdefault(key, []).append(record)

    def keys(self):
        return self._groups.keys()

    def all(self, key):
        return self._groups.get(key, [])

    def counted(self, key):
        records = self.all(key)
        return [record for record in records if not record.get("disturbed")] or records

    def values(self, field, key):
        return [record[field] for record in self.counted(key) if field in record]

    def median(self, field, *key):
        values = self.values(field, key)
        return statistics.median(values) if values else None


def _number(value, width):
    if value is None:
        return " " * (width - 1) + "-"
    return f"{value:>{width},.0f}" if abs(value) >= 100 else f"{value:>{width}.2f}"


def cases_table(results):
    head = f"{'what':<8}{'model':<8}{'server':<12}{'form':<8}{'conns':>6}{'req/s':>10}{'min':>10}{'max':>10}"
    lines = [head + f"{'p50 us':>9}{'p99 us':>9}{'CPU us/req':>12}{'others':>8}{'steal':>7}{'n':>4}"]
    for key in results.keys():
        kind, server, model, form, connections = key
        rates = results.values("rps", key)
        if not rates:
            continue
        line = f"{kind:<8}{model:<8}{server:<12}{form:<8}{connections:>6}{_number(statistics.median(rates), 10)}"
        line += _number(min(rates), 10) + _number(max(rates), 10)
        line += _number(results.median("p50_us", *key), 9) + _number(results.median("p99_us", *key), 9)
        cpu = results.median("cpu_us", *key)
        line += _number(cpu if cpu else None, 12) + _number(results.median("others_cores", *key), 8)
        lines.append(line + _number(results.median("steal_cores", *key), 7) + f"{len(rates):>4}")
    return "\n".join(lines)


def _paired(results, field, ours, theirs, combine):
    """The median over rounds of `combine(ours, theirs)`: two runs of one round saw the same state of the machine.

    Returns it with a note on its spread, (None, "") where one side is missing."""
    pairs = []
    for choose in (results.counted, results.all):  # All of them if no round has an undisturbed pair.
        peers = {record["round"]: record[field] for record in choose(theirs)}
        mine = {record["round"]: record[field] for record in choose(ours)}
        pairs = pairs or [combine(mine[turn], peers[turn]) for turn in mine if turn in peers]
    if not pairs:
        return None, ""
    return statistics.median(pairs), f"{min(pairs):.2f} to {max(pairs):.2f} in {len(pairs)} rounds"


def _ratio(results, field, ours, theirs):
    return _paired(results, field, ours, theirs, lambda mine, other: mine / other)


def _difference(results, field, ours, theirs):
    return _paired(results, field, ours, theirs, lambda mine, other: mine - other)


def _target(name, value, bound, target, note=""):
    passed = None
    if value is not None:
        passed = value >= target if bound == ">=" else value <= target
    return {"target": name, "value": value, "bound": bound, "limit": target, "passed": passed, "note": note}


def _mlp_targets(results):
    floor = ("closed", "floor", "mlp", "binary", 16)
    empty = ("closed", "empty_grpc", "mlp", "grpc", 16)
    rows = []
    for form, share, cpu_us in (("binary", 0.6, 26), ("json", 0.45, 32), ("grpc", 0.75, 45)):
        ours = ("closed", "aion", "mlp", form, 16)
        peer = empty if form == "grpc" else floor
        value, spread = _ratio(results, "rps", ours, peer)
        rows.append(_target(f"mlp {form} at 16: throughput / {peer[1]}", value, ">=", share, spread))
        rows.append(_cpu_target(results, form, ours, floor, cpu_us))
    for form, peer, limit in (("binary", "floor", 25), ("json", "floor", 25), ("grpc", "empty_grpc", 30)):
        theirs = ("closed", peer, "mlp", "grpc" if form == "grpc" else "binary", 1)
        value, spread = _difference(results, "p50_us", ("closed", "aion", "mlp", form, 1), theirs)
        rows.append(_target(f"mlp {form} at 1: p50 us above {peer}", value, "<=", limit, spread))
    ours, theirs = (("open", server, "mlp", "binary", 16) for server in ("aion", "floor"))
    value, spread = _ratio(results, "p99_us", ours, theirs)
    rows.append(_target("mlp binary, open loop: p99 / floor", value, "<=", 1.5, spread))
    return rows


def _cpu_target(results, form, ours, floor, cpu_us):
    """The target is a time on another machine; the note says how both stand to the floor on their own machine."""
    beside, _ = _ratio(results, "cpu_us", ours, floor)
    note = ""
    if beside is not None:
        there = cpu_us / FLOOR_CPU_US_OF_TARGETS
        note = f"x{beside:.2f} of the floor's; where the target was set it is x{there:.2f}"
    value = results.median("cpu_us", *ours)
    return _target(f"mlp {form} at 16: server CPU us per request", value, "<=", cpu_us, note)


def _batching_targets(results):
    rows = []
    for model, connections, share in (("mlpl", 1, 0.9), ("mlpl", 16, 2.4), ("idbig", 4, 0.8), ("idbig", 16, 0.8)):
        ours, theirs = (("closed", server, model, "binary", connections) for server in ("aion", "floor"))
        value, spread = _ratio(results, "rps", ours, theirs)
        rows.append(_target(f"{model} binary at {connections}: throughput / floor", value, ">=", share, spread))
    value = results.median("cpu_us", "closed", "aion", "idbig", "json", 1)
    rows.append(_target("idbig json at 1: server CPU us per request", value, "<=", 3000))
    return rows


def targets(results):
    """Each target of the design with its measured value; `passed` is None where it was not measured."""
    rows = _mlp_targets(results)
    for form, share in (("binary", 0.98), ("grpc", 0.95)):
        for connections in (1, 4, 16):
            ours = ("closed", "aion", "magika", form, connections)
            theirs = ("closed", "floor", "magika", "binary", connections)
            value, spread = _ratio(results, "rps", ours, theirs)
            rows.append(_target(f"magika {form} at {connections}: throughput / floor", value, ">=", share, spread))
    rows += _batching_targets(results)
    start = results.median("milliseconds", "start", "aion", "mlp", "binary", 1)
    rows.append(_target("start to first answer, ms", start, "<=", 150))
    memory = results.median("mebibytes", "memory", "aion", "mlp", "binary", 4)
    note = "one tiny model, HTTP"
    both = results.median("mebibytes", "memory", "aion", "mlp", "grpc", 4)
    if both is not None:
        note += f"; after 1,000 more over gRPC {both * MEGABYTES_OF_MEBIBYTE:.1f}"
    memory = memory * MEGABYTES_OF_MEBIBYTE if memory is not None else None
    rows.append(_target("PSS after 1,000 requests, MB", memory, "<=", 60, note))
    return rows


def targets_table(rows):
    lines = [f"{'target':<52}{'measured':>10}  {'wanted':<10}{'':<10}"]
    for row in rows:
        verdict = {True: "pass", False: "FAIL", None: "not measured"}[row["passed"]]
        wanted = f"{row['bound']} {row['limit']:g}"
        lines.append(f"{row['target']:<52}{_number(row['value'], 10)}  {wanted:<10}{verdict:<14}{row['note']}".rstrip())
    return "\n".join(lines)
