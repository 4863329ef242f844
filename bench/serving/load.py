"""Puts load on one server and returns one record: rate, latency, the server's CPU per request and who else computed."""

import json
import pathlib
import re
import subprocess

import machine


class LoadError(Exception):
    """The run measured something else than good answers."""


class Generator:
    """h2load for the closed loop, bench_openloop for the open one, bench_rawort for the limit."""

    def __init__(self, launcher, scratch, client_cpus=None):
        self._launcher = launcher
        self._scratch = pathlib.Path(scratch)
        self._prefix = ["taskset", "-c", client_cpus] if client_cpus else []

    def closed(self, server, port, request, connections, seconds, response_bytes=0):
        """`response_bytes`: body of one good answer over gRPC, whose errors also come with HTTP status 200."""
        is_grpc = response_bytes > 0
        log = self._scratch / "h2load.log"
        log.unlink(missing_ok=True)
        command = ["h2load", "-t", "1", "-c", str(connections), "-m", "1", "-D", str(seconds)]
        command += ["-d", str(self._write("body", request.body)), "--log-file", str(log)]
        command += [] if is_grpc else ["--h1"]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        output, used = self._run([*command, f"http://127.0.0.1:{port}{request.path}"], server)
        record = _read_h2load(output, response_bytes)
        record.update(_latency(log))
        return _with_cpu(record, used)

    def open(self, server, port, request, connections, per_second, seconds):
        headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        command = [self._launcher.program("bench_openloop"), str(port), request.path]
        command += [str(self._write("headers", headers.encode())), str(self._write("body", request.body))]
        output, used = self._run([*command, str(connections), str(per_second), str(seconds)], server)
        record = json.loads(output)
        if record["failed"] or record["answered"] != record["asked"]:
            raise LoadError(f"open loop at {per_second} req/s: {output.strip()}")
        record["requests"] = record["answered"]
        return _with_cpu(record, used)

    def limit(self, model, threads, seconds):
        command = [self._launcher.program("bench_rawort"), self._launcher.model_file(model), model.shape_argument]
        output, used = self._run([*command, model.dtype_argument, str(threads), "1", str(seconds)], None)
        record = json.loads(output)
        record["requests"] = record.pop("n")
        used["server_cpu_s"] = 0.0
        return _with_cpu(record, used)

    def requests(self, port, request, count, is_grpc=False):
        """Just sends so many requests."""
        command = ["h2load", "-t", "1", "-c", "4", "-m", "1", "-n", str(count)]
        command += ["-d", str(self._write("body", request.body))] + ([] if is_grpc else ["--h1"])
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        output, _ = self._run([*command, f"http://127.0.0.1:{port}{request.path}"], None)
        _read_h2load(output, 0)

    def _run(self, command, server):
        watch = machine.CpuWatch(server.pid if server else None)
        done = subprocess.run([*self._prefix, *command], capture_output=True, text=True, check=False)
        used = watch.stop()
        if done.returncode != 0:
            raise LoadError(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
        return done.stdout, used

    def _write(self, name, content):
        path = self._scratch / name
        path.write_bytes(content)
        return path


def _read_h2load(output, response_bytes):
    rate = re.search(r"finished in [^,]*, ([\d.]+) req/s", output)
    counts = re.search(r"requests: (\d+) total, (\d+) started, .* (\d+) succeeded, (\d+) failed, (\d+) errored", output)
    statuses = re.search(r"status codes: (\d+) 2xx", output)
    data = re.search(r"\((\d+)\) data", output)
    if not (rate and counts and statuses and data):
        raise LoadError(f"h2load printed something else: {output[-500:]}")
    total, started, good = int(counts[1]), int(counts[2]), int(counts[3])
    # An answer whose head had come when the time was over is among the statuses and not among the requests.
    if total == 0 or good != total or not total <= int(statuses[1]) <= started or int(counts[4]) or int(counts[5]):
        raise LoadError(f"not every request succeeded: {counts[0]}; {statuses[0]}")
    # Answers cut off by the end of the time may have sent part of their bytes; a gRPC error has none.
    if response_bytes and not 0.99 * total <= int(data[1]) / response_bytes <= 1.01 * total + 64:
        raise LoadError(f"{total} gRPC answers of {response_bytes} bytes expected, {data[1]} bytes came")
    return {"rps": float(rate[1]), "requests": total}


def _latency(log):
    times = sorted(int(line.split(b"\t")[2]) for line in log.read_bytes().splitlines())
    if not times:
        raise LoadError("h2load wrote no request times")
    return {"p50_us": times[len(times) // 2], "p99_us": times[min(len(times) - 1, int(len(times) * 0.99))]}


def _with_cpu(record, used):
    seconds = used.pop("server_cpu_s")
    record["cpu_us"] = round(seconds * 1e6 / max(1, record["requests"]), 2)
    record.update(used)
    return record
