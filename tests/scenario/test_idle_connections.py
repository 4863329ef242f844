"""Connections that do nothing cost little memory, keep nobody waiting, and go when their clients go."""

import pathlib
import re
import subprocess
import sys

import daemon as daemons
import pytest
import wire

CLIENTS = pathlib.Path(__file__).with_name("idle_clients.py")
LIMIT_S = 50
# Bytes of PSS each: twice what docs/benchmarks.md has for HTTP; for gRPC, where the library's own state is nearly all of
# it, a tenth more. A buffer that an idle connection kept (16 KiB and more) breaks either.
MOST = {"http": 4_500, "grpc": 17_600}


def pss(daemon):
    text = pathlib.Path(f"/proc/{daemon.pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Pss:\s+(\d+) kB$", text, re.M)[1])


def connections(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir()))


class IdleClients:
    def __init__(self, daemon, protocol, count):
        command = [sys.executable, CLIENTS, protocol, getattr(daemon, protocol), str(count)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        assert self.process.stdout.readline() == b"idle\n"

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def assert_idle_connections_are_cheap(daemon, protocol, count):
    answer = wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]})
    assert answer.status == 200
    open_before, before = connections(daemon), pss(daemon)

    with IdleClients(daemon, protocol, count):
        assert connections(daemon) > count
        each = (pss(daemon) - before) / count
        for _ in range(100):
            assert wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]}).status == 200

    assert each < MOST[protocol], f"{each:.0f} bytes for each idle connection"
    daemons.wait_until(lambda: connections(daemon) <= open_before, LIMIT_S, "the end of the idle connections")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_thousand_idle_connections_are_cheap_and_keep_nobody_waiting(private_daemon, protocol):
    assert_idle_connections_are_cheap(private_daemon("scalar"), protocol, 1_000)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_ten_thousand_idle_connections_are_cheap_and_keep_nobody_waiting(private_daemon, protocol):
    assert_idle_connections_are_cheap(private_daemon("scalar"), protocol, 10_000)
