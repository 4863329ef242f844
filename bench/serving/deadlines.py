#!/usr/bin/env python3
"""Prints, and draws, how many deadlines of a car's eight models are kept by different orders of the same engine.

    bench/serving/deadlines.py [--loads 0.5 0.8 1.0 1.2 1.5] [--seconds N] [--seeds 1 2 3] [--svg FILE] [--json FILE]

The models are real ONNX graphs (layers of MatMul, Add and Relu over 64 tokens), as long as the tasks of
bench/serving/driving_load.h at one row. Arrivals of one load and seed are the same for every order. The load is what
all requests would take of the device if each ran alone. A miss during which a probe thread of the same process was not
let run for more than 2 ms is counted apart ("stalled").
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
if VENV_PYTHON.exists() and pathlib.Path(sys.prefix) != VENV_PYTHON.parents[1]:
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

TOKENS, WIDTH = 64, 256
TASKS = {  # milliseconds of a lone run: alpha + beta
    "brake-detect": 1.15, "lane": 2.9, "camera-det": 4.6, "lidar-seg": 15.0,
    "track-pred": 1.8, "driver-mon": 3.0, "voice": 12.0, "scene-caption": 42.0,
}  # fmt: skip
WAYS = ["aion", "fcfs", "fcfs-reject", "priority-reject"]
CLASSES = ["safety", "normal", "best-effort"]
COLOURS = {"aion": "#0b6", "fcfs": "#999", "fcfs-reject": "#36c", "priority-reject": "#d63"}
STEP_MS = 2.5


def model_of(layers):
    random = np.random.default_rng(1)
    nodes, weights, current = [], [], "x"
    for i in range(layers):
        matrix = (random.standard_normal((WIDTH, WIDTH)) / np.sqrt(WIDTH)).astype(np.float32)
        bias = (0.1 * random.standard_normal(WIDTH)).astype(np.float32)
        weights += [numpy_helper.from_array(matrix, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("MatMul", [current, f"w{i}"], [f"m{i}"]))
        nodes.append(helper.make_node("Add", [f"m{i}", f"b{i}"], [f"a{i}"]))
        current = "y" if i == layers - 1 else f"r{i}"
        nodes.append(helper.make_node("Relu", [f"a{i}"], [current]))
    shape = ["n", TOKENS, WIDTH]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "layers", tensors[:1], tensors[1:], weights)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def write_model(folder, name, layers, step_ms):
    place = folder / name / "1"
    place.mkdir(parents=True)
    onnx.save(model_of(layers), place / "model.onnx")
    dims = f"[ {TOKENS}, {WIDTH} ]"
    text = (
        'backend: "onnxruntime" max_batch_size: 8 dynamic_batching { }\n'
        f'input {{ name: "x" data_type: TYPE_FP32 dims: {dims} }}\noutput {{ name: "y" data_type: TYPE_FP32 dims: {dims} }}\n'
    )
    if step_ms:
        text += f'parameters {{ key: "step_ms" value {{ string_value: "{step_ms}" }} }}\n'
    (folder / name / "config.pbtxt").write_text(text)


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def milliseconds_per_layer(program, folder):
    layers = 16
    write_model(folder, "probe", layers, None)
    times = [float(line.split(",")[2]) for line in run(program, "record", folder, 60).splitlines()[1:]
             if line.split(",")[1] == "1"]  # fmt: skip
    return sorted(times)[len(times) // 2] / layers / 1000


def write_models(program, folder):
    with tempfile.TemporaryDirectory() as probe:
        layer_ms = milliseconds_per_layer(program, pathlib.Path(probe))
    for way in ("whole", "steps"):
        for name, ms in TASKS.items():
            write_model(folder / way, name, max(round(ms / layer_ms), 2), STEP_MS if way == "steps" else None)
    return layer_ms


def share(counts, stalls_count):
    late = counts["miss"] + counts["shed"] + (counts["stalled"] if stalls_count else 0)
    return counts["hit"] / max(counts["hit"] + late, 1)


def added(results, kind, name):
    """Counts of all seeds together."""
    total = {"hit": 0, "miss": 0, "stalled": 0, "shed": 0}
    for result in results:
        for key, value in result[kind][name].items():
            total[key] += value
    return total


def svg_of(curves, loads):
    """curves[class][way] -> shares by load, as three panels."""
    width, height, left = 300, 220, 45
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{3 * (width + 30)}" height="{height + 70}" '
             'font-family="sans-serif" font-size="11">']  # fmt: skip
    span = max(loads) - min(loads) or 1
    for panel, (name, ways) in enumerate(curves.items()):
        x0 = panel * (width + 30) + left
        parts.append(f'<text x="{x0}" y="14" font-size="13">{name}: deadlines kept</text>')
        for tick in (0, 0.25, 0.5, 0.75, 1):
            y = 25 + height * (1 - tick)
            parts.append(f'<line x1="{x0}" x2="{x0 + width - left}" y1="{y}" y2="{y}" stroke="#ddd"/>')
            parts.append(f'<text x="{x0 - 6}" y="{y + 4}" text-anchor="end">{tick:.0%}</text>')
        at = [x0 + (load - min(loads)) / span * (width - left) for load in loads]
        for x, load in zip(at, loads):
            parts.append(f'<text x="{x}" y="{height + 40}" text-anchor="middle">{load}</text>')
        for number, (way, shares) in enumerate(ways.items()):
            points = " ".join(f"{x:.1f},{25 + height * (1 - value):.1f}" for x, value in zip(at, shares))
            parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[way]}" stroke-width="2"/>')
            if panel == 0:
                parts.append(f'<text x="{left + 130 * number}" y="{height + 60}" fill="{COLOURS[way]}">{way}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help="build folder with bin/")
    parser.add_argument("--loads", type=float, nargs="+", default=[0.5, 0.8, 1.0, 1.2, 1.5])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--svg", help="where the curves are drawn")
    parser.add_argument("--json", help="where all figures are written")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    program = pathlib.Path(arguments.build) / "bin" / "bench_deadlines"
    curves = {name: {way: [] for way in WAYS} for name in CLASSES}
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        print(f"a layer takes {write_models(program, folder):.3f} ms")
        lone = json.loads(run(program, "lone", folder / "whole"))
        print("lone runs, ms:", dict(zip(TASKS, lone["ms"])))
        print(f"{'load':>5} {'order':<16}" + "".join(f"{name:>12}" for name in CLASSES) + f"{'hits/s':>9} {'stalled':>8} {'gaps':>6}")
        for load in arguments.loads:
            for way in WAYS:
                models = folder / ("steps" if way == "aion" else "whole")
                ran = [json.loads(run(program, "replay", models, way, load / lone["load"], arguments.seconds, seed))
                       for seed in arguments.seeds]
                results += [{"load": load, **one} for one in ran]
                classes = {name: added(ran, "classes", name) for name in CLASSES}
                shares = {name: share(counts, False) for name, counts in classes.items()}
                for name in CLASSES:
                    curves[name][way].append(shares[name])
                hits = sum(counts["hit"] for counts in classes.values()) / arguments.seconds / len(arguments.seeds)
                stalled = sum(counts["stalled"] for counts in classes.values())
                print(f"{load:>5} {way:<16}" + "".join(f"{shares[name]:>12.2%}" for name in CLASSES)
                      + f"{hits:>9.1f} {stalled:>8} {sum(one['gaps'] for one in ran):>6}", flush=True)  # fmt: skip
    if arguments.svg:
        pathlib.Path(arguments.svg).write_text(svg_of(curves, arguments.loads))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
