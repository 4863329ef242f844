"""Both protocols over Unix sockets, by clients as they are."""

import http.client
import json
import os
import shutil
import socket
import stat
import subprocess

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import wire
from tritonclient.grpc import service_pb2, service_pb2_grpc

BODY = {"inputs": [wire.tensor("x", "FP32", [], [1.5])]}


class UnixConnection(http.client.HTTPConnection):
    """Python's own client, over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


@pytest.fixture
def local_daemon(private_daemon, tmp_path):
    """A daemon with a relative path, in its data folder, and an absolute one."""
    flags = ["--http-unix", "http.sock", "--grpc-unix", str(tmp_path / "grpc.sock")]
    daemon = private_daemon("scalar", data_dir=tmp_path / "data", flags=flags)
    daemon.http_unix, daemon.grpc_unix = tmp_path / "data" / "http.sock", tmp_path / "grpc.sock"
    return daemon


def infer(path):
    connection = UnixConnection(path)
    try:
        connection.request("POST", "/v2/models/scalar/infer", json.dumps(BODY))
        return json.loads(connection.getresponse().read())["outputs"][0]["data"]
    finally:
        connection.close()


def test_http_is_served_over_a_unix_socket_and_the_port(local_daemon):
    expected = wire.infer(local_daemon.http, "scalar", BODY).json()["outputs"][0]["data"]

    assert infer(local_daemon.http_unix) == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_finds_the_server_behind_a_unix_socket(local_daemon):
    command = ["curl", "-sS", "--unix-socket", local_daemon.http_unix, "http://any.name/v2/health/ready"]

    result = subprocess.run([*command, "-w", "%{http_code}"], capture_output=True, text=True, timeout=20)

    assert (result.stdout, result.stderr) == ("200", "")


def test_the_real_grpc_client_infers_over_a_unix_socket(local_daemon):
    tensor = tritonclient.grpc.InferInput("x", [], "FP32")
    tensor.set_data_from_numpy(np.array(1.5, dtype=np.float32))
    with tritonclient.grpc.InferenceServerClient(f"unix:{local_daemon.grpc_unix}") as client:
        assert client.is_server_ready()
        found = client.infer("scalar", [tensor])
    with tritonclient.grpc.InferenceServerClient(local_daemon.grpc) as client:
        expected = client.infer("scalar", [tensor])

    assert found.as_numpy("y") == expected.as_numpy("y")


@pytest.mark.parametrize("scheme", ["unix:", "unix://"])
def test_grpc_takes_both_forms_of_a_unix_target(local_daemon, scheme):
    import grpc

    with grpc.insecure_channel(f"{scheme}{local_daemon.grpc_unix}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

        assert stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=20).live


def test_the_command_line_talks_over_a_unix_socket(local_daemon):
    result = daemons.run_cli("model", "ls", "--json", "--url", f"unix:{local_daemon.http_unix}")

    assert result.returncode == 0, result.stderr
    assert "scalar" in result.stdout


def test_the_command_line_says_where_nobody_answers(tmp_path):
    result = daemons.run_cli("status", "--url", f"unix:{tmp_path / 'nobody.sock'}")

    assert result.returncode == 1
    assert f"unix:{tmp_path / 'nobody.sock'}" in result.stderr


def test_the_sockets_belong_to_the_user_alone_and_go_with_the_daemon(local_daemon):
    paths = [local_daemon.http_unix, local_daemon.grpc_unix]
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o600, 0o600]

    local_daemon.stop()

    assert [path.exists() for path in paths] == [False, False]


def test_the_sockets_of_a_killed_daemon_do_not_hinder_the_next(local_daemon, private_daemon):
    local_daemon.kill()
    assert local_daemon.http_unix.exists()

    flags = ["--http-unix", "http.sock", "--grpc-unix", str(local_daemon.grpc_unix)]
    private_daemon("scalar", data_dir=local_daemon.data_dir, flags=flags)

    assert infer(local_daemon.http_unix)


def test_a_socket_that_another_daemon_serves_is_a_clear_error(local_daemon, tmp_path):
    other = ["--data-dir", tmp_path / "other", "--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
    command = ["up", "--model-repository", local_daemon.repository, *other]

    result = daemons.run_cli(*command, "--http-unix", local_daemon.http_unix)

    assert result.returncode == 1
    assert f"cannot listen on unix:{local_daemon.http_unix}: another process listens there" in result.stderr
    assert infer(local_daemon.http_unix)


def test_a_path_that_is_too_long_is_wrong_use(tmp_path):
    long_path = os.sep + "p" * 107

    result = daemons.run_cli("up", "--model-repository", tmp_path, "--data-dir", tmp_path / "d", "--grpc-unix", long_path)

    assert result.returncode == 2
    assert "grpc.unix: expected a path of 1 to 107 bytes, got 108" in result.stderr
