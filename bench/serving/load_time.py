#!/usr/bin/env python3
"""Prints how long the daemon takes to load each model, with and without the cache of optimised graphs.

    bench/serving/load_time.py FOLDER... [--rounds N]

FOLDER is a model repository. Each model is loaded over HTTP again and again, in turns by a daemon without a cache and by
one whose cache holds it; what is printed is the median with the least and the most, and the memory of both at the end.
"""

import argparse
import http.client
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
if VENV_PYTHON.exists() and pathlib.Path(sys.prefix) != VENV_PYTHON.parents[1]:
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])

sys.path.insert(0, str(ROOT / "tests" / "protocol"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon as daemons  # noqa: E402
import machine  # noqa: E402


def load(connection, model):
    """Milliseconds of one load."""
    start = time.perf_counter()
    connection.request("POST", f"/v2/repository/models/{model}/load", body=b"{}")
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{model}: {answer.status} {text.decode()}")
    return (time.perf_counter() - start) * 1e3


def spread(times):
    return f"{statistics.median(times):.1f} ({min(times):.1f} to {max(times):.1f})"


def measure(folder, rounds, data):
    sides = [daemons.Daemon(folder, data / "without", "--onnx-cache-size", "0"), daemons.Daemon(folder, data / "with")]
    for side in sides:
        side.start()
    try:
        connections = [http.client.HTTPConnection(side.http) for side in sides]
        for model in sorted(path.name for path in pathlib.Path(folder).iterdir() if path.is_dir()):
            for connection in connections:
                load(connection, model)  # the entry is there now, and the file in memory
            times = [[load(connection, model) for connection in connections] for _ in range(rounds)]
            without, with_cache = ([pair[side] for pair in times] for side in (0, 1))
            print(f"| `{model}` | {spread(without)} | {spread(with_cache)} |", flush=True)
        print("PSS in MB without and with:", *(round(machine.proportional_memory(side.pid), 1) for side in sides))
    finally:
        for side in sides:
            side.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=21)
    arguments = parser.parse_args()
    print("| model | load in ms, without | with |\n| --- | --- | --- |")
    for folder in arguments.folders:
        with tempfile.TemporaryDirectory() as data:
            os.chmod(data, 0o700)
            measure(os.path.abspath(folder), arguments.rounds, pathlib.Path(data))


if __name__ == "__main__":
    main()
