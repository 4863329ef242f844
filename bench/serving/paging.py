#!/usr/bin/env python3
"""Serves 40 models that take 1.8 times the memory budget, and prints what each eviction policy makes of the same requests.

    bench/serving/paging.py [--seeds N] [--requests N] [--zipf S...] [--clients N] [--policies NAME...] [--scale X]

Sizes are log-uniform from 5 to 200 MB (times --scale), popularities follow Zipf's law and have nothing to do with the
sizes. Each row: requests that failed, loads, the time that loads took, the most that was leased and the most that the
process held (VmHWM), both against the budget. The last line of each exponent is the median over the seeds of GDSF's
load time over LRU's.
"""

import argparse
import concurrent.futures
import http.client
import itertools
import json
import math
import os
import pathlib
import random
import statistics
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
if VENV_PYTHON.exists() and pathlib.Path(sys.prefix) != VENV_PYTHON.parents[1]:
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])

sys.path.insert(0, str(ROOT / "tests" / "protocol"))
import daemon as daemons  # noqa: E402

MODELS = 40
BODY = json.dumps(
    {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 256], "data": [1.0] + [0.0] * 255}]}
).encode()


def write_models(folder, seed, scale):
    """Sizes in MiB by name; the answer of m7 is 8."""
    choose = random.Random(seed)
    sizes = {}
    for i in range(MODELS):
        sizes[f"m{i}"] = max(1, round(5 * math.pow(40, choose.random()) * scale))
        path = folder / f"m{i}" / "1" / "model.onnx"
        path.parent.mkdir(parents=True)
        path.write_bytes(daemons.make_models.one_column(f"m{i}", i + 1.0, sizes[f"m{i}"]))
    return sizes


def trace(seed, exponent, count):
    choose = random.Random(seed * 1000 + round(exponent * 10))
    order = list(range(MODELS))
    choose.shuffle(order)
    weights = [1 / math.pow(rank + 1, exponent) for rank in range(MODELS)]
    return choose.choices(order, weights, k=count)


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)


class Watch:
    """The most that the ledger has ever leased, looked at every 20 ms."""

    def __init__(self, address):
        self.address, self.most, self.over = address, 0, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.over.wait(0.02):
            cpu = get(self.address, "/api/aion/v1/devices")["devices"][0]
            self.most = max(self.most, sum(lease["memory_bytes"] for lease in cpu["leases"]))

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.most


def high_water(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM line")


def replay(daemon, requests, clients):
    """How many failed."""
    order = iter(requests)
    lock = threading.Lock()

    def client(_):
        connection = http.client.HTTPConnection(daemon.http, timeout=120)
        failed = 0
        while True:
            with lock:
                model = next(order, None)
            if model is None:
                return failed
            connection.request("POST", f"/v2/models/m{model}/infer", body=BODY)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or json.loads(text)["outputs"][0]["data"] != [model + 1.0]:
                failed += 1
                print(f"    m{model}: {answer.status} {text[:200]!r}", file=sys.stderr)

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(client, range(clients)))


def run(folder, budget, policy, requests, clients):
    with tempfile.TemporaryDirectory() as data:
        flags = ["--model-control-mode", "demand", "--memory-budget", budget, "--memory-eviction", policy]
        daemon = daemons.Daemon(folder, data, *flags, "--log-level", "warn").start()
        try:
            watch = Watch(daemon.http)
            failed = replay(daemon, requests, clients)
            leased = watch.stop()
            models = get(daemon.http, "/api/aion/v1/models")["models"]
            loads = sum(model["loads"] for model in models)
            seconds = sum(model["load_ms"] for model in models) / 1000
            held = high_water(daemon.pid)
        finally:
            daemon.stop()
    print(
        f"| {policy} | {failed} | {loads} | {seconds:.1f} | {leased / budget:.3f} | {held / budget:.3f} |", flush=True
    )
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--zipf", type=float, nargs="+", default=[1.0, 0.6, 1.2])
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--policies", nargs="+", default=["gdsf", "lru"])
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    ratios = {exponent: [] for exponent in options.zipf}
    for seed, exponent in itertools.product(range(1, options.seeds + 1), options.zipf):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            total = sum(write_models(folder, seed, options.scale).values()) << 20
            budget = round(total / 1.8)
            print(f"seed {seed}, Zipf {exponent}: {total >> 20} MiB of models, budget {budget >> 20} MiB")
            print("| policy | failed | loads | load s | leased / budget | VmHWM / budget |\n|---|---|---|---|---|---|")
            requests = trace(seed, exponent, options.requests)
            seconds = {name: run(folder, budget, name, requests, options.clients) for name in options.policies}
            if {"gdsf", "lru"} <= set(seconds):
                ratios[exponent].append(seconds["gdsf"] / seconds["lru"])
    for exponent, values in ratios.items():
        if values:
            print(f"Zipf {exponent}: load time of gdsf / lru, median of {len(values)}: {statistics.median(values):.3f}")


if __name__ == "__main__":
    main()
