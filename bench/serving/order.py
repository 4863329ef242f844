#!/usr/bin/env python3
"""Prints what an order of the queues does where a light and a heavy model share a device.

    bench/serving/order.py [--orders fcfs sjf-aging] [--light mlpl] [--heavy magika] [--connections N] [--rounds N]

Each round starts a daemon under each order in turn and drives both models at once, each over its own connections in a
closed loop. Printed for each order are the medians over the rounds.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
if VENV_PYTHON.exists() and pathlib.Path(sys.prefix) != VENV_PYTHON.parents[1]:
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import payload  # noqa: E402
import repository  # noqa: E402
import servers  # noqa: E402

COLUMNS = {"requests/s": "requests_per_second", "mean us": "mean_us", "p50 us": "p50_us", "p99 us": "p99_us"}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help="build folder with bin/")
    parser.add_argument("--orders", nargs="+", default=["fcfs", "sjf-aging"])
    parser.add_argument("--light", choices=payload.MODELS, default="mlpl")
    parser.add_argument("--heavy", choices=payload.MODELS, default="magika")
    parser.add_argument("--connections", type=int, default=8, help="of each model")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--magika", default=str(ROOT / ".deps" / "models" / "magika" / "1" / "model.onnx"))
    return parser.parse_args()


def drive(launcher, server, model, arguments):
    return subprocess.Popen(
        [launcher.program("aion"), "bench", model, "--connections", str(arguments.connections),
         "--duration-s", str(arguments.seconds), "--json", "--url", f"http://127.0.0.1:{server.http_port}"],
        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)  # fmt: skip


def measure(launcher, models, order, arguments):
    """What `aion bench` says of the light and of the heavy model."""
    server = launcher.start_aion(models, ["--serving-order", order])
    try:
        for model in models:
            launcher.wait_for_answer(server, payload.http_binary(model))
        clients = [drive(launcher, server, model.name, arguments) for model in models]
        answers = [client.communicate()[0] for client in clients]
        if any(client.returncode != 0 for client in clients):
            raise SystemExit(f"{order}: aion bench ended with {[client.returncode for client in clients]}")
        return [json.loads(answer) for answer in answers]
    finally:
        launcher.stop(server)


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="aion-bench-") as scratch:
        folder = pathlib.Path(scratch) / "models"
        models = repository.make(folder, [arguments.light, arguments.heavy], arguments.magika)
        launcher = servers.Launcher(arguments.build, folder, scratch)
        seen = {order: [] for order in arguments.orders}
        try:
            for _ in range(arguments.rounds):
                for order in arguments.orders:
                    seen[order].append(measure(launcher, models, order, arguments))
        finally:
            launcher.close()
    print("| order | model | " + " | ".join(COLUMNS) + " |\n| --- | --- |" + " --- |" * len(COLUMNS))
    for order, rounds in seen.items():
        for side, name in enumerate((arguments.light, arguments.heavy)):
            row = [statistics.median(one[side][key] for one in rounds) for key in COLUMNS.values()]
            print(f"| {order} | {name} | " + " | ".join(f"{value:.0f}" for value in row) + " |")


main()
