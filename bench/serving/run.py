#!/usr/bin/env python3
"""Measures Aion beside the floor, the limit and an empty gRPC server in one run on one machine; see bench/README.md."""

import argparse
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV_PYTHON = ROOT / ".deps" / "venv" / "bin" / "python"
if VENV_PYTHON.exists() and pathlib.Path(sys.prefix) != VENV_PYTHON.parents[1]:
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])

import load  # noqa: E402
import machine  # noqa: E402
import payload  # noqa: E402
import report  # noqa: E402
import repository  # noqa: E402
import servers  # noqa: E402

OPEN_LOOP_RATE = 10_000
QUIET_CORES = 0.3
DISTURBED_RETRIES = 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help="build folder with bin/")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--models", nargs="+", choices=payload.MODELS, default=list(payload.MODELS))
    parser.add_argument("--forms", nargs="+", choices=payload.FORMS, default=list(payload.FORMS))
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 4, 16])
    parser.add_argument("--without-aion", action="store_true", help="only what Aion is measured beside")
    parser.add_argument("--wait-quiet", type=float, default=0, metavar="S",
                        help="before each measurement wait up to S seconds for the other processes to rest")
    parser.add_argument("--server-cpus", help="pin the servers, such as 0 (default: not pinned)")
    parser.add_argument("--client-cpus", help="pin the load generator, such as 1")
    parser.add_argument("--magika", default=str(ROOT / ".deps" / "models" / "magika" / "1" / "model.onnx"))
    parser.add_argument("--aion-arguments", nargs=argparse.REMAINDER, default=[], help="the rest goes to `aion up`")
    parser.add_argument("--json", help="write every record and the facts of the machine to this file")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds = 2, 1
    return arguments


def ensure_built(build, with_aion):
    names = ["bench_floor", "bench_rawort", "bench_openloop", "bench_empty_grpc"] + (["aion"] if with_aion else [])
    if all((pathlib.Path(build) / "bin" / name).exists() for name in names):
        return
    print(f"building {', '.join(names)} in {build}", flush=True)
    configure = ["cmake", "-S", str(ROOT), "-B", build, "-G", "Ninja", "-DAION_BUILD_BENCH=ON"]
    subprocess.run([*configure, "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", *names], check=True)


class Bench:
    def __init__(self, arguments, launcher, generator, models):
        self.arguments = arguments
        self.launcher = launcher
        self.generator = generator
        self.models = models
        self.records = []
        self.round = 0  # 0 while warming up

    def measure(self, kind, server, model, form, connections, take):
        """One record; taken again where others computed and `--wait-quiet` asks for quiet."""
        tries = 1 + (DISTURBED_RETRIES if self.arguments.wait_quiet else 0)
        for attempt in range(tries):
            machine.wait_until_quiet(QUIET_CORES, self.arguments.wait_quiet)
            record = {"kind": kind, "server": server, "model": model, "form": form, "connections": connections}
            record["round"] = self.round
            record.update(take())
            record["disturbed"] = record.get("others_cores", 0) > QUIET_CORES
            self.records.append(record)
            if not record["disturbed"]:
                break

    def start_and_memory(self, with_aion):
        """Alone on the machine, since shared pages would make the memory look smaller than it is."""
        model = payload.MODELS["mlp"]
        if model not in self.models:
            return
        request = payload.http_binary(model)
        starts = {"floor": lambda: self.launcher.start_floor(model)}
        if with_aion:
            starts["aion"] = lambda: self.launcher.start_aion([model], self.arguments.aion_arguments)
        for self.round in range(1, self.arguments.rounds + 1):
            for name, start in starts.items():
                self.measure("start", name, "mlp", "binary", 1, lambda start=start: self.time_start(start, request))
        for name, start in starts.items():
            self.measure_memory(name, start, model)

    def time_start(self, start, request):
        watch = machine.CpuWatch()
        begin = time.monotonic()
        server = start()
        self.launcher.wait_for_answer(server, request)
        took = time.monotonic() - begin
        self.launcher.stop(server)
        used = watch.stop()
        return {"milliseconds": round(took * 1000, 1), "steal_cores": used["steal_cores"]}

    def measure_memory(self, name, start, model):
        server = start()
        self.launcher.wait_for_answer(server, payload.http_binary(model))
        for form, port in (("binary", server.http_port), ("grpc", server.grpc_port)):
            if port:
                self.generator.requests(port, payload.FORMS[form](model), 1000, form == "grpc")
                mebibytes = round(machine.proportional_memory(server.pid), 1)
                self.measure("memory", name, model.name, form, 4, lambda: {"mebibytes": mebibytes})
        self.launcher.stop(server)

    def start_servers(self, with_aion):
        """(server, model, form, port) of everything that the rounds go through, peers beside each other."""
        aion = self.launcher.start_aion(self.models, self.arguments.aion_arguments) if with_aion else None
        empty = self.launcher.start_empty_grpc()
        self.launcher.wait_for_port(empty, empty.grpc_port)
        targets = []
        for model in self.models:
            floor = self.launcher.start_floor(model)
            self.launcher.wait_for_answer(floor, payload.http_binary(model))
            if aion:
                self.launcher.wait_for_answer(aion, payload.http_binary(model))
            targets.append((floor, model, "binary", floor.http_port))
            for form in self.arguments.forms:
                if form == "grpc" and model.name == "mlp":
                    targets.append((empty, model, "grpc", empty.grpc_port))
                if aion and (form != "json" or model.name in ("mlp", "idbig")):
                    targets.append((aion, model, form, aion.grpc_port if form == "grpc" else aion.http_port))
        return targets

    def rounds(self, targets, response_bytes):
        """One short round to warm up, whose records are dropped, then the rounds that count."""
        before = list(self.records)
        for self.round in range(self.arguments.rounds + 1):
            print(f"round {self.round} of {self.arguments.rounds}" if self.round else "warming up", flush=True)
            self.one_round(targets, response_bytes, self.arguments.seconds if self.round else 1)
            if self.round == 0:
                self.records = before

    def one_round(self, targets, response_bytes, seconds):
        for model in self.models:
            length = seconds * model.length if self.round else seconds
            for threads in (1, 2):
                self.measure("limit", "limit", model.name, "none", threads,
                             lambda: self.generator.limit(model, threads, length))
            for connections in self.arguments.connections:
                for server, its_model, form, port in targets:
                    if its_model is not model:
                        continue
                    request = payload.FORMS[form](model)
                    expected = response_bytes.get((server.name, model.name), 0) if form == "grpc" else 0
                    self.measure("closed", server.name, model.name, form, connections,
                                 lambda: self.generator.closed(server, port, request, connections, length, expected))
        for server, model, form, port in targets:
            if model.name == "mlp" and form != "grpc":
                request = payload.FORMS[form](model)
                self.measure("open", server.name, model.name, form, 16,
                             lambda: self.generator.open(server, port, request, 16, OPEN_LOOP_RATE, seconds))


def check_answers(targets):
    """Real answers, and the same ones: compares every server's output with the floor's.

    Returns the bytes of one gRPC answer by (server, model)."""
    sizes, wanted = {}, {}
    for server, model, form, port in targets:
        request = payload.FORMS[form](model)
        if form == "grpc":
            output, sizes[(server.name, model.name)] = call_grpc(port, model)
        else:
            status, _, body = servers.post(port, request)
            if status != 200:
                raise load.LoadError(f"{server.name} answers {status} to {model.name} {form}: {body[:300]!r}")
            output = body[-4 * model.output_elements:]
            if form == "json":
                data = json.loads(body)["outputs"][0]["data"]
                output = struct.pack(f"<{len(data)}f", *data)
        if server.name == "floor":
            wanted[model.name] = output
        elif server.name == "aion" and output != wanted[model.name]:
            raise load.LoadError(f"{server.name} {form} answers another output of {model.name} than the floor")
    return sizes


def call_grpc(port, model):
    """(output, bytes of the answer's frame) by a real client, which fails on any status but OK."""
    import grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        message = call(payload.grpc_message(model), timeout=20)
    return payload.grpc_output(message), len(message) + 5


def print_and_write(bench, arguments):
    results = report.Results(bench.records)
    rows = report.targets(results)
    facts = machine.facts()
    print(f"\n{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}, {facts['system']}")
    print(f"{facts['load_generator']}\n")
    print(report.cases_table(results))
    for key in results.keys():
        for field in ("milliseconds", "mebibytes"):
            value = results.median(field, *key)
            if value is not None:
                print(f"{key[0]:<8}{key[2]:<8}{key[1]:<12}{key[3]:<8}{value:10.1f} {field}")
    disturbed = sum(1 for record in bench.records if record["disturbed"])
    print(f"\n{len(bench.records)} records, {disturbed} of them with others on more than {QUIET_CORES} cores\n")
    if not arguments.without_aion:
        print(report.targets_table(rows))
    if arguments.json:
        content = {"machine": facts, "arguments": vars(arguments), "targets": rows, "records": bench.records}
        pathlib.Path(arguments.json).write_text(json.dumps(content, indent=1) + "\n")


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    with_aion = not arguments.without_aion
    ensure_built(arguments.build, with_aion)
    with tempfile.TemporaryDirectory(prefix="aion-bench-") as scratch:
        folder = pathlib.Path(scratch) / "models"
        models = repository.make(folder, arguments.models, arguments.magika)
        launcher = servers.Launcher(arguments.build, folder, scratch, arguments.server_cpus)
        generator = load.Generator(launcher, scratch, arguments.client_cpus)
        bench = Bench(arguments, launcher, generator, models)
        try:
            bench.start_and_memory(with_aion)
            targets = bench.start_servers(with_aion)
            bench.rounds(targets, check_answers(targets))
        finally:
            launcher.close()
    print_and_write(bench, arguments)


if __name__ == "__main__":
    try:
        main()
    except load.LoadError as error:
        sys.exit(f"run.py: {error}")
