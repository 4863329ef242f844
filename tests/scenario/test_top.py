"""aion top and aion explain on the real daemon, also on a real (pseudo) terminal."""

import json
import os
import pty
import select
import subprocess
import time

import daemon as daemons
import numpy as np
import pytest
import tritonclient.http as http


@pytest.fixture
def served(private_daemon):
    return private_daemon("simple", flags=["--resource-named", "licence=4"])


def cli(daemon, *arguments):
    return daemons.run_cli(*arguments, "--data-dir", daemon.data_dir)


def infer(daemon, times):
    with http.InferenceServerClient(daemon.http) as client:
        inputs = []
        for name in ("INPUT0", "INPUT1"):
            one = http.InferInput(name, [1, 16], "INT32")
            one.set_data_from_numpy(np.ones([1, 16], np.int32))
            inputs.append(one)
        for _ in range(times):
            client.infer("simple", inputs)


def test_top_counts_what_comes_between_two_looks(served):
    process = subprocess.Popen(
        [daemons.program(), "top", "--json", "--interval", "2", "--data-dir", served.data_dir],
        stdout=subprocess.PIPE, text=True)
    daemons.wait_until(lambda: process.poll() is None, what="aion top")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        infer(served, 20)
    shown = json.loads(process.communicate(timeout=20)[0])

    assert process.returncode == 0
    model = shown["models"][0]
    assert model["name"] == "simple" and model["state"] == "READY"
    assert model["requests_per_s"] > 0
    assert 0 < model["run_ms"] <= model["mean_ms"]
    assert shown["devices"][0]["id"] == "cpu:0"


def test_top_prints_a_frame_where_there_is_no_terminal(served):
    shown = cli(served, "top", "--interval", "0.1", "--count", "2")

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("models ready") == 2
    assert shown.stdout.count("MODEL ") == 2
    assert "\x1b" not in shown.stdout


def test_top_on_a_terminal_leaves_on_q_and_puts_the_screen_back(served):
    master, slave = pty.openpty()
    process = subprocess.Popen([daemons.program(), "top", "--interval", "0.2", "--data-dir", served.data_dir],
                               stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""

    def read_until(text):
        nonlocal shown
        end = time.monotonic() + 10
        while text not in shown and time.monotonic() < end:
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536)
        assert text in shown, shown

    read_until(b"q leaves")
    shown = b""
    read_until(b"q leaves")  # renewed
    os.write(master, b"q")
    read_until(b"\x1b[?1049l")
    assert process.wait(10) == 0
    os.close(master)


def test_top_refuses_an_interval_that_is_none(served):
    refused = cli(served, "top", "--interval", "0")

    assert refused.returncode == 2
    assert "--interval: expected a number from 0.1 to 3600.0, got '0'" in refused.stderr


def test_explain_tells_that_there_is_room_or_never_will_be(served):
    assert cli(served, "explain", "--memory", "1MiB").stdout == "there is room for it\n"
    never = cli(served, "explain", "--named", "licence=5")
    assert never.returncode == 0
    assert never.stdout.startswith("cpu:0: wants 5 licence, which is more than the 4 licence there are")
    assert "never on this machine" in never.stdout


def test_explain_tells_who_holds_the_cores(served):
    held = json.loads(cli(served, "explain", "--cores", str(os.cpu_count()), "--json").stdout)

    assert held["fits"] is False
    assert "inference" in {lease["holder"] for lease in held["holders"]}


def test_explain_tells_about_a_model(served):
    infer(served, 3)
    told = cli(served, "explain", "simple")

    assert told.returncode == 0, told.stderr
    assert "simple version 1 is READY" in told.stdout
    assert "answered: 3 requests" in told.stdout


@pytest.mark.parametrize("arguments,words", [
    ((), "expected a MODEL or what is wanted (--cores, --memory, --named), got neither"),
    (("simple", "--cores", "1"), "got both"),
    (("--memory", "lots"), "--memory: expected a size such as 512MiB or 2GiB"),
    (("--named", "licence"), "--named: expected NAME=AMOUNT, got 'licence'"),
    (("--device", "gpu:9"), "'claims[0].device': expected one of cpu:0, got \"gpu:9\""),
])
def test_explain_refuses_what_makes_no_sense(served, arguments, words):
    refused = cli(served, "explain", *arguments)

    assert refused.returncode in (1, 2)
    assert words in refused.stderr


def test_explain_of_an_unknown_model_fails(served):
    refused = cli(served, "explain", "nobody")

    assert refused.returncode == 1
    assert "no model 'nobody'" in refused.stderr
