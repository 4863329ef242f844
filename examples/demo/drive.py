#!/usr/bin/env python3
"""Asks a running daemon three real models over HTTP and gRPC and prints what they say and how fast.

usage: drive.py --http HOST:PORT --grpc HOST:PORT --models DIR [--seconds S]

Exit status 1: a model did not say what it should, or the two protocols disagree.
"""
import argparse
import json
import pathlib
import sys
import textwrap

import numpy as np
from clients import Client
from file_type import FileType
from hear_speech import HearSpeech
from read_line import ReadLine

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = [("model", 10), ("what went in", 27), ("what came out", 31), ("over", 4), ("req/s", 7), ("p50 ms", 7),
           ("p99 ms", 7)]
MODELS = (FileType, ReadLine, HearSpeech)
NUMBERS_FROM = 4  # columns from here on are aligned to the right


def print_row(cells):
    """One row; a cell is a text, which is wrapped, or a list of lines."""
    wrapped = [cell if isinstance(cell, list) else textwrap.wrap(cell, width) for cell, (_, width) in zip(cells, COLUMNS)]
    for at in range(max(map(len, wrapped))):
        line = []
        for column, (lines, (_, width)) in enumerate(zip(wrapped, COLUMNS)):
            cell = lines[at] if at < len(lines) else ""
            line.append(cell.rjust(width) if column >= NUMBERS_FROM else cell.ljust(width))
        print("  " + "  ".join(line).rstrip())


def print_rule():
    print("  " + "  ".join("-" * width for _, width in COLUMNS))


def agree(first, second):
    return all(np.allclose(first[name], second[name], rtol=1e-4, atol=1e-5) for name in first)


def show(case, clients, seconds):
    """Prints the row of one model, with a line for each client; returns what is wrong with it."""
    faults, answers, measured = [], [], []
    for client in clients:
        asked, said, right = case.ask(client.infer)
        if not right:
            faults.append(f"{case.model} over {client.protocol} is wrong: {said}")
        answers.append(client.infer(case.model, case.probe(), case.outputs))
        measured.append(client.measure(case.model, case.probe(), seconds))
    rates, middles, highs = zip(*measured)
    print_row([case.model, asked, said, [client.protocol for client in clients], [f"{rate:.0f}" for rate in rates],
               [f"{middle:.2f}" for middle in middles], [f"{high:.2f}" for high in highs]])
    if not agree(*answers):
        faults.append(f"{case.model}: HTTP and gRPC give different numbers")
    return faults


def print_origins(models):
    print("Models, each out of a package that others publish:")
    for name in sorted(path.name for path in models.iterdir() if path.is_dir()):
        origin = json.loads((models / name / "origin.json").read_text())
        print(f"  {name:<10}  {origin['package']} {origin['version']}, licence {origin['licence']}")
    print()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", required=True)
    parser.add_argument("--grpc", required=True)
    parser.add_argument("--models", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each row is measured")
    args = parser.parse_args()

    print_origins(args.models)
    clients = [Client("HTTP", args.http), Client("gRPC", args.grpc)]
    faults = [f"model '{kind.model}' is not ready" for kind in MODELS if not clients[0].is_ready(kind.model)]
    if faults:
        print("\n".join(f"error: {fault}" for fault in faults), file=sys.stderr)
        return 1
    print_row([name for name, _ in COLUMNS])
    print_rule()
    for kind in MODELS:
        faults += show(kind(ROOT, args.models), clients, args.seconds)
        print_rule()
    print("  One connection, one request after the other, the Python client's own time included;")
    print("  `aion bench MODEL` measures the daemon without it.")
    for client in clients:
        client.close()
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
