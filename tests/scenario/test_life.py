"""A daemon's life: background start, a second start, graceful and hard stops, and what requests see of them."""

import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
import time

import daemon as daemons
import numpy as np
import pytest
import wire


def slow_body(iterations):
    return {"inputs": [wire.tensor("ITERATIONS", "INT64", [1], [iterations])]}


def iterations_for_seconds(daemon, seconds):
    """How many iterations of `slow` take about so long on this machine."""
    start = time.monotonic()
    assert wire.infer(daemon.http, "slow", slow_body(500), timeout_s=60).status == 200
    return int(500 * seconds / (time.monotonic() - start)) + 1


class Background:
    """`aion up --daemon`, of which only the pid is known."""

    def __init__(self, repository, data_dir, *flags):
        self.data_dir = data_dir
        ports = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
        command = ["up", "--daemon", "--model-repository", repository, "--data-dir", data_dir, *ports, *flags]
        self.started = daemons.run_cli(*command, timeout_s=60)
        match = daemons.READY.search(self.started.stdout)
        self.http = match["http"] if match else None

    def stop_hard(self):
        for path in pathlib.Path("/proc").iterdir():
            if path.name.isdigit():
                try:
                    command = (path / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if os.fsencode(str(self.data_dir)) in command and b"up" in command:
                    os.kill(int(path.name), signal.SIGKILL)


@pytest.fixture
def background(make_repository, tmp_path):
    started = []

    def make(*names, flags=()):
        started.append(Background(make_repository(*names), tmp_path / f"background{len(started)}", *flags))
        return started[-1]

    yield make
    for one in started:
        one.stop_hard()


def test_up_in_the_background_returns_when_the_daemon_is_ready(background):
    one = background("simple")

    assert one.started.returncode == 0, one.started.stderr
    assert one.http is not None, one.started.stdout
    assert wire.get(one.http, "/v2/health/ready").status == 200


def test_the_background_daemon_keeps_none_of_its_callers_descriptors(make_repository, tmp_path):
    ours, theirs = os.pipe()
    ports = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
    arguments = ["up", "--daemon", "--model-repository", make_repository("simple"), "--data-dir", tmp_path / "data"]
    command = [daemons.program(), *map(str, arguments), *ports]
    try:
        up = subprocess.run(command, env=daemons.clean_environment(), pass_fds=[theirs], capture_output=True, timeout=60)
        os.close(theirs)

        assert up.returncode == 0, up.stderr
        ended, _, _ = select.select([ours], [], [], 5)
        assert ended == [ours], "somebody still holds the other end of the pipe"
        assert os.read(ours, 1) == b""
    finally:
        os.close(ours)
        assert daemons.run_cli("down", "--data-dir", tmp_path / "data").returncode == 0


def test_the_background_daemon_makes_files_for_its_user_alone(background):
    one = background("simple")

    pid = json.loads((one.data_dir / "daemon.json").read_text())["pid"]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    assert "Umask:\t0077" in status
    assert {path.name: path.stat().st_mode & 0o077 for path in one.data_dir.iterdir()} == {
        "aion.log": 0,
        "daemon.json": 0,
        "daemon.lock": 0,
        "token": 0,
        "aion.db": 0,
        "aion.db-shm": 0,
        "aion.db-wal": 0,
    }


def test_down_stops_the_daemon_in_the_background(background):
    one = background("simple")

    result = daemons.run_cli("down", "--data-dir", one.data_dir)

    assert result.returncode == 0, result.stderr
    with pytest.raises(OSError):
        wire.get(one.http, "/v2/health/live")
    assert daemons.run_cli("status", "--data-dir", one.data_dir).returncode == 1


def test_down_twice_says_that_nothing_runs(background):
    one = background("simple")
    daemons.run_cli("down", "--data-dir", one.data_dir)

    second = daemons.run_cli("down", "--data-dir", one.data_dir)

    assert second.returncode == 1
    assert str(one.data_dir) in second.stderr


def test_a_second_daemon_on_the_same_data_folder_is_refused_and_the_first_goes_on(background, make_repository):
    one = background("simple")

    second = daemons.run_cli(
        "up",
        "--model-repository",
        make_repository("simple"),
        "--data-dir",
        one.data_dir,
        "--http-port",
        "0",
        "--grpc-port",
        "0",
        "--metrics-port",
        "0",
    )

    assert second.returncode == 1
    assert str(one.data_dir) in second.stderr
    assert wire.get(one.http, "/v2/health/ready").status == 200


def test_up_in_the_background_that_fails_says_why(make_repository, tmp_path):
    result = daemons.run_cli(
        "up",
        "--daemon",
        "--model-repository",
        tmp_path / "nothing",
        "--data-dir",
        tmp_path / "data",
        "--http-port",
        "0",
    )

    assert result.returncode in (1, 2)
    assert "nothing" in result.stderr


def test_sigint_stops_as_sigterm_does(private_daemon):
    daemon = private_daemon("simple")

    daemon.process.send_signal(signal.SIGINT)

    assert daemon.wait() == 0


def test_sigterm_during_nothing_ends_with_0_quickly(private_daemon):
    daemon = private_daemon("simple")
    start = time.monotonic()

    daemon.stop()

    assert time.monotonic() - start < 5


@pytest.mark.parametrize("models", [["simple"], ["echo_worker", "repeat_worker"]])
def test_sigkill_leaves_nothing_that_hinders_the_next_start(private_daemon, make_repository, tmp_path, models):
    repository = make_repository(*models)
    first = private_daemon(repository=repository, data_dir=tmp_path / "same")
    children = first.children()
    first.kill()
    daemons.wait_until(
        lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children),
        limit_s=10,
        what="the end of the workers",
    )

    second = private_daemon(repository=repository, data_dir=tmp_path / "same")

    assert wire.get(second.http, f"/v2/models/{models[0]}/ready").status == 200


def test_sigkill_ten_times_in_a_row_at_different_moments(make_repository, tmp_path):
    repository = make_repository("simple", "echo_worker")
    for moment in range(10):
        daemon = daemons.Daemon(repository, tmp_path / "same")
        daemon.process = subprocess.Popen(
            daemon.command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=daemon.env,
        )
        threading.Event().wait(0.01 * moment)  # the moment is the thing under test
        daemon.process.kill()
        daemon.process.wait()

    last = daemons.Daemon(repository, tmp_path / "same").start()

    assert wire.get(last.http, "/v2/models/simple/ready").status == 200
    last.stop()


def slow_to_load(name):
    """A model that ONNX Runtime works on for a minute or more before it is loaded: products of constants, which it folds."""
    from onnx import TensorProto, helper

    make = daemons.make_models
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1e-3])
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["product0"], value=value)]
    for step in range(200):
        nodes.append(helper.make_node("MatMul", [f"product{step}", "product0"], [f"product{step + 1}"]))
    nodes.append(helper.make_node("ReduceSum", [f"product{len(nodes) - 1}"], ["sum"], keepdims=0))
    nodes.append(helper.make_node("Add", ["x", "sum"], ["y"]))
    shape = make.constant("shape", np.array([3072, 3072], dtype=np.int64))
    return make.serialise(name, nodes, [make.tensor("x", "FP32", ["n"])], [make.tensor("y", "FP32", ["n"])], [shape])


@pytest.fixture
def loading_daemon(make_repository, tmp_path):
    """A daemon that will not have loaded its only model before the test is over; its ports are open."""
    started = []

    def make(*flags):
        repository = make_repository("simple")
        folder = repository / "slow_to_load" / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(slow_to_load("slow_to_load"))
        one = daemons.Daemon(repository, tmp_path / "data", *flags)
        one.process = subprocess.Popen(
            one.command, env=one.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(one)
        published = one.data_dir / "daemon.json"
        daemons.wait_until(lambda: published.exists() or not one.is_running(), limit_s=20, what="the open ports")
        assert published.exists(), one.process.communicate()
        content = json.loads(published.read_text())
        one.http = f"{content['host']}:{content['http']}"
        # The folding has begun when the load takes CPU time.
        daemons.wait_until(lambda: one.cpu_seconds() > 1, limit_s=20, what="the load")
        return one

    yield make
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_while_models_load_the_daemon_is_found_and_says_that_it_is_not_ready(loading_daemon):
    daemon = loading_daemon()

    status = daemons.run_cli("status", "--json", "--data-dir", daemon.data_dir)

    assert status.returncode == 0, status.stderr
    assert json.loads(status.stdout)["ready"] is False
    assert json.loads((daemon.data_dir / "daemon.json").read_text())["ready"] is False
    assert wire.get(daemon.http, "/v2/health/live").status == 200
    assert wire.get(daemon.http, "/v2/health/ready").status == 400


def test_when_the_models_are_loaded_the_published_addresses_say_so(private_daemon):
    daemon = private_daemon("simple")

    assert json.loads((daemon.data_dir / "daemon.json").read_text())["ready"] is True


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_daemon_that_is_still_loading(loading_daemon, end):
    daemon = loading_daemon("--threads-blocking", "1", "--stop-limit-ms", "1000")

    daemon.process.send_signal(end)
    out, words = daemon.process.communicate(timeout=10)

    assert daemon.process.returncode == 0, words
    assert "ready" not in out
    assert "load given up" in words


def test_down_ends_a_daemon_that_is_still_loading(loading_daemon):
    daemon = loading_daemon("--stop-limit-ms", "1000")

    down = daemons.run_cli("down", "--data-dir", daemon.data_dir)

    assert down.returncode == 0, down.stderr
    assert daemon.process.wait(10) == 0


def test_an_answer_that_is_read_slowly_has_the_stop_limit_to_arrive(private_daemon):
    daemon = private_daemon("bigactivation", flags=["--stop-limit-ms", "20000"])
    tensor = {"name": "ROWS", "datatype": "INT64", "shape": [1], "data": [8192]}  # an answer of 32 MiB
    body = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    head = b"POST /v2/models/bigactivation/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    host, port = daemon.http.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head + body)
        assert connection.recv(8, socket.MSG_WAITALL) == b"HTTP/1.1"

        daemon.terminate()
        threading.Event().wait(2.5)  # longer than the second that any answer gets
        content = b"".join(iter(lambda: connection.recv(1 << 20), b""))

    answer_head, _, rest = content.partition(b"\r\n\r\n")
    lengths = [line for line in answer_head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    assert len(rest) == int(lengths[0].split(b":")[1]) > 32 << 20
    assert daemon.wait() == 0


def test_a_request_in_flight_finishes_while_ready_turns_false(private_daemon):
    daemon = private_daemon("slow")
    body = slow_body(iterations_for_seconds(daemon, 3))
    answers = []
    sender = threading.Thread(target=lambda: answers.append(wire.infer(daemon.http, "slow", body, timeout_s=60)))
    probe = http.client.HTTPConnection(*daemon.http.split(":"), timeout=10)
    probe.request("GET", "/v2/health/ready")
    assert probe.getresponse().read() == b""
    busy = daemon.cpu_seconds()
    sender.start()
    daemons.wait_until(lambda: daemon.cpu_seconds() > busy + 0.2, what="the running request")

    daemon.terminate()
    after = ready_status_while_stopping(probe)
    code = daemon.wait(30)
    sender.join(30)

    assert answers and answers[0].status == 200, answers
    assert code == 0
    assert after in (400, "closed"), after


def ready_status_while_stopping(probe):
    """The readiness that an open connection sees, or "closed" when the server has let it go."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            probe.request("GET", "/v2/health/ready")
            response = probe.getresponse()
            response.read()
            if response.status != 200:
                return response.status
        except (OSError, http.client.HTTPException):
            return "closed"
    return 200


def test_a_request_that_outlives_the_drain_limit_is_cancelled_and_the_daemon_ends(private_daemon):
    daemon = private_daemon("slow", flags=["--stop-limit-ms", "1000"])
    answers = []

    def send():
        try:
            answers.append(wire.infer(daemon.http, "slow", slow_body(10**12), timeout_s=60))
        except OSError as error:
            answers.append(error)

    sender = threading.Thread(target=send)
    busy = daemon.cpu_seconds()
    sender.start()
    daemons.wait_until(lambda: daemon.cpu_seconds() > busy + 0.2, what="the running request")

    daemon.terminate()
    code = daemon.wait(20)
    sender.join(20)

    assert code == 0
    assert len(answers) == 1


def test_a_new_request_while_stopping_is_refused_not_lost(private_daemon):
    daemon = private_daemon("slow", "simple")
    body = slow_body(iterations_for_seconds(daemon, 3))
    sender = threading.Thread(target=lambda: wire.infer(daemon.http, "slow", body, timeout_s=60))
    busy = daemon.cpu_seconds()
    sender.start()
    daemons.wait_until(lambda: daemon.cpu_seconds() > busy + 0.2, what="the running request")
    daemon.terminate()
    daemons.wait_until(lambda: refused(daemon), limit_s=5, what="a refusal")

    sender.join(30)
    assert daemon.wait(20) == 0


def refused(daemon):
    try:
        return (
            wire.get(daemon.http, "/v2/models/simple").status == 503
            or wire.get(daemon.http, "/v2/health/ready").status == 400
        )
    except OSError:
        return True


def test_the_ready_line_tells_the_ports_that_are_open(private_daemon):
    daemon = private_daemon("simple", "mlp")

    assert daemon.models == 2
    assert wire.get(daemon.http, "/v2/health/live").status == 200
    assert wire.get(daemon.metrics, "/metrics").status == 200
    assert {int(address.rsplit(":", 1)[1]) for address in (daemon.http, daemon.grpc, daemon.metrics)}.isdisjoint(
        {0, 8000, 8001, 8002}
    )


def test_the_daemon_writes_nothing_outside_its_data_folder(private_daemon, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    daemon = private_daemon(
        "simple", env=daemons.clean_environment(HOME=str(home), XDG_RUNTIME_DIR=str(home), XDG_STATE_HOME=str(home))
    )

    daemon.stop()

    assert list(home.iterdir()) == []
