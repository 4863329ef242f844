#!/usr/bin/env python3
"""How many jobs a daemon starts and ends, how soon, and what commands cost beside a long queue.

usage: bench/jobs/throughput.py [--jobs 1000] [--rate 200] [--seconds 10] [--queued 100000] [--out FILE]

Starts `aion up` on a folder of its own, with all cores for jobs, and drives it over HTTP.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "release" / "bin" / "aion"


class Daemon:
    def __init__(self, folder, *flags):
        self.folder = pathlib.Path(folder)
        (self.folder / "models").mkdir()
        self.process = subprocess.Popen(
            [PROGRAM, "up", "--model-repository", self.folder / "models", "--data-dir", self.folder / "data", "--http-port", "0",
             "--grpc-port", "0", "--metrics-port", "0", "--jobs-cores", str(os.cpu_count()), "--log-level", "warn", *flags],
            stdout=subprocess.PIPE, text=True)
        while " ready: http " not in (line := self.process.stdout.readline()):
            assert line, "the daemon has ended"
        self.address = line.split(" ready: http ")[1].split(",")[0]
        self.headers = {"Authorization": "Bearer " + (self.folder / "data" / "token").read_text().strip()}
        self.local = threading.local()

    def call(self, method, path, body=None):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection(self.address)
        connection.request(method, "/api/aion/v1/jobs" + path, json.dumps(body) if body is not None else None, self.headers)
        response = connection.getresponse()
        text = response.read()
        assert response.status == 200, text
        return json.loads(text)

    def submit(self, cores=0.05, **more):
        return self.call("POST", "", {"command": ["/bin/true"], "folder": "/", "cores": cores, "memory_bytes": 1 << 20, **more})["jobs"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0


def wait_for_all(daemon):
    while daemon.call("GET", "?open=true&limit=1")["jobs"]:
        time.sleep(0.005)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def throughput(daemon, jobs):
    """Submitted one by one on 8 connections, until the last has ended."""
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: daemon.submit(), range(jobs)))
    submitted = time.monotonic() - begin
    wait_for_all(daemon)
    took = time.monotonic() - begin
    return {"jobs": jobs, "submitted_per_s": jobs / submitted, "finished_per_s": jobs / took}


def latency(daemon, rate, seconds):
    """Open loop: submissions at their times, whatever becomes of the ones before."""
    numbers = []
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        begin = time.monotonic()
        calls = []
        for i in range(int(rate * seconds)):
            at = begin + i / rate
            time.sleep(max(0.0, at - time.monotonic()))
            calls.append(pool.submit(daemon.submit))
        numbers = [call.result()[0]["number"] for call in calls]
    wait_for_all(daemon)
    waits = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for job in pool.map(lambda n: daemon.call("GET", f"/{n}"), numbers):
            assert job["state"] == "succeeded", job
            waits.append(job["started_ms"] - job["submitted_ms"])
    return {"rate": rate, "jobs": len(waits), "start_p50_ms": percentile(waits, 0.5), "start_p99_ms": percentile(waits, 0.99)}


def beside_a_queue(daemon, queued):
    """Commands while so many wait."""
    holder = daemon.submit(cores=float(os.cpu_count()), name="holder", command=["/bin/sleep", "10000"])[0]["number"]
    begin = time.monotonic()
    left = queued
    while left > 0:
        count = min(left, 50_000)
        daemon.call("POST", "", {"command": ["/bin/true"], "folder": "/", "memory_bytes": 1 << 20, "array": list(range(count))})
        left -= count
    submitted = time.monotonic() - begin
    times = {}
    for name, act in {
        "submit": lambda: daemon.submit(),
        "list": lambda: daemon.call("GET", "?open=true&limit=50"),
        "show": lambda: daemon.call("GET", f"/{holder + queued}"),
        "cancel": lambda: daemon.call("POST", f"/{daemon.submit()[0]['number']}/cancel", {}),
    }.items():
        took = []
        for _ in range(20):
            start = time.monotonic()
            act()
            took.append((time.monotonic() - start) * 1000)
        times[name + "_ms"] = [percentile(took, 0.5), max(took)]
    memory = int([line for line in pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
                  if line.startswith("VmRSS")][0].split()[1])
    return {"queued": queued, "submitted_s": submitted, "rss_mib": memory / 1024, "median_and_worst": times}, holder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("flags", nargs="*", help="more flags of aion up, behind --")
    options = parser.parse_args()

    result = {}
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(folder, *options.flags)
        daemon.submit()
        wait_for_all(daemon)
        result["level"] = daemon.call("GET", "/1")["level"]
        result["throughput"] = throughput(daemon, options.jobs)
        result["latency"] = latency(daemon, options.rate, options.seconds)
        if options.queued:
            result["beside_a_queue"], holder = beside_a_queue(daemon, options.queued)
            daemon.process.kill()
            daemon.process.wait()
            for folder_of in pathlib.Path(folder, "data", "jobs").glob("*/1/0/record"):
                words = folder_of.read_text().split()
                if "ended" not in words:
                    os.kill(int(words[words.index("started") + 1]), signal.SIGKILL)
        else:
            daemon.stop()
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
