"""A daemon's life: background start, a second start, graceful and hard stops, and what requests see of them."""

import http.client
import os
import pathlib
import signal
import subprocess
import threading
import time

import daemon as daemons
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
