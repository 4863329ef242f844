"""Models that are loaded again and again: nobody's request fails, and the memory of the old ones is given back."""

import concurrent.futures
import os
import pathlib
import threading
import time

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

# How long the soak lasts; AION_SOAK_S sets it.
SOAK_S = int(os.environ.get("AION_SOAK_S", "300"))
# 300 reloads of 1 MiB that were not given back would be far beyond this.
GROWTH_BYTES = 24 << 20
CYCLES, FIRST_CYCLES = 1000, 10
LARGE_MEBIBYTES = 100
LOADING_THREADS = 4  # docs/architecture.md, "Threads"


def write_model(repository, amount, mebibytes, name="column"):
    """Puts the file in place whole, as a careful deployment does."""
    path = pathlib.Path(repository) / name / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_bytes(daemons.make_models.one_column(name, float(amount), mebibytes))
    temporary.rename(path)


def resident_bytes(daemon):
    lines = pathlib.Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) << 10


def settled_bytes(daemon):
    """What the process holds when it has been the same for half a second: an unload is told before its memory is back."""
    last = [resident_bytes(daemon)]

    def is_settled():
        last.append(resident_bytes(daemon))
        return len(last) > 50 and len(set(last[-50:])) == 1

    daemons.wait_until(is_settled, 30, "memory that stays the same")
    return last[-1]


def ask(library, client, model="column"):
    x = np.zeros((1, 256), dtype=np.float32)
    x[0, 0] = 1
    tensor = library.InferInput("x", [1, 256], "FP32")
    tensor.set_data_from_numpy(x)
    return float(client.infer(model, [tensor]).as_numpy("y")[0, 0])


class Load:
    """Clients that ask without a pause and hold each answer against the files that were there meanwhile."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.written = self.loaded = 0  # the newest file; the newest that a load has returned for
        self.ends = threading.Event()
        self.faults = []
        self.counts = {}
        self.threads = [
            threading.Thread(target=self.keep_asking, args=[f"{name} {number}", library, address])
            for name, library, address in (
                ("http", tritonclient.http, daemon.http),
                ("grpc", tritonclient.grpc, daemon.grpc),
            )
            for number in range(2)
        ]

    def keep_asking(self, who, library, address):
        self.counts[who] = 0
        with library.InferenceServerClient(address) as client:
            while not self.ends.is_set():
                oldest = self.loaded
                try:
                    answer = ask(library, client)
                    assert oldest <= answer <= self.written, f"{answer} of a file from {oldest} to {self.written}"
                    self.counts[who] += 1
                except Exception as fault:  # all of them are told at the end, with whose they are
                    self.faults.append((who, self.counts[who], fault))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.ends.set()
        for thread in self.threads:
            thread.join(60)


@pytest.mark.slow
@pytest.mark.timeout(SOAK_S + 120)
def test_a_model_reloaded_every_second_under_load_fails_no_request_and_keeps_its_memory(private_daemon, tmp_path):
    write_model(tmp_path / "repository", 0, mebibytes=1)
    daemon = private_daemon(repository=tmp_path / "repository")
    with Load(daemon) as load, tritonclient.http.InferenceServerClient(daemon.http) as http:
        with tritonclient.grpc.InferenceServerClient(daemon.grpc) as grpc:
            start, warm = time.monotonic(), None
            while time.monotonic() < start + SOAK_S and not load.faults:
                load.written += 1
                write_model(daemon.repository, load.written, mebibytes=1)
                (http, grpc)[load.written % 2].load_model("column")
                load.loaded = load.written
                if warm is None and time.monotonic() > start + SOAK_S / 5:
                    warm = resident_bytes(daemon)
                load.ends.wait(max(0.0, start + load.written - time.monotonic()))

    grown = resident_bytes(daemon) - warm
    print(f"{load.written} reloads, {sum(load.counts.values())} requests, {grown >> 10} KiB more than after a fifth")
    assert load.faults == []
    assert load.written >= SOAK_S / 2, "a reload took more than two seconds"
    assert min(load.counts.values()) > 0, load.counts
    assert grown < GROWTH_BYTES


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_loads_and_unloads_give_their_memory_back(private_daemon, tmp_path):
    models = [f"column{number}" for number in range(LOADING_THREADS)]
    for model in models:
        write_model(tmp_path / "repository", 7, LARGE_MEBIBYTES, model)
    daemon = private_daemon(repository=tmp_path / "repository")

    def is_unloaded(model):
        rows = wire.post(daemon.http, "/v2/repository/index").json()
        return [row.get("reason") for row in rows if row["name"] == model] == ["unloaded"]

    def cycle(client, model):
        client.load_model(model)
        assert ask(tritonclient.http, client, model) == 7
        client.unload_model(model)
        daemons.wait_until(lambda: is_unloaded(model), what="the unload")

    with tritonclient.http.InferenceServerClient(daemon.http, concurrency=LOADING_THREADS) as client:
        for model in models:
            client.unload_model(model)
        # Every thread that loads keeps some free memory of its own (4 MB), so each has to have loaded once.
        with concurrent.futures.ThreadPoolExecutor(LOADING_THREADS) as clients:
            list(clients.map(lambda address: load_over_grpc(*address), [(daemon.grpc, model) for model in models]))
        sizes = []
        for count in (FIRST_CYCLES, CYCLES - FIRST_CYCLES):
            for number in range(count):
                cycle(client, models[number % len(models)])
            client.load_model(models[0])
            sizes.append(settled_bytes(daemon))
            client.unload_model(models[0])
    first, last = sizes

    print(f"with one of them loaded: {first >> 10} KiB after {FIRST_CYCLES} cycles, {last >> 10} KiB after {CYCLES}")
    assert LARGE_MEBIBYTES << 20 < first < 3 * LARGE_MEBIBYTES << 20
    assert last <= first * 1.05


def load_over_grpc(address, model):
    with tritonclient.grpc.InferenceServerClient(address) as client:
        client.load_model(model)
        client.unload_model(model)
