"""Bad models, bad folders, taken ports and dead clients: each costs what it touches and nothing else."""

import os
import pathlib
import socket
import subprocess
import threading

import daemon as daemons
import numpy as np
import pytest
import wire


def rows(daemon, name):
    content = wire.post(daemon.http, "/v2/repository/index").json()
    return [row for row in content if row["name"] == name]


def assert_serving(daemon):
    body = {"inputs": [wire.tensor("x", "FP32", [], [1.5])]}
    answer = wire.infer(daemon.http, "scalar", body)
    assert answer.status == 200, answer.body


# ---- the repository


def spoil(repository, name, kind):
    """Makes one bad model beside the good ones."""
    folder = repository / name
    version = folder / "1"
    if kind == "a_file_named_as_a_model":
        folder.write_text("no folder")
        return
    version.mkdir(parents=True)
    whole = daemons.make_models.perceptron(name, [64, 128, 10], seed=1)
    contents = {
        "truncated_file": whole[: len(whole) // 2],
        "truncated_to_one_byte": whole[:1],
        "empty_file": b"",
        "random_bytes": bytes(np.random.default_rng(1).integers(0, 256, 10_000, dtype=np.uint8)),
        "text": b"this is no model",
        "git_lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 123\n",
    }
    if kind in contents:
        (version / "model.onnx").write_bytes(contents[kind])
    elif kind == "no_file":
        pass
    elif kind == "no_version":
        version.rmdir()
        (folder / "config.pbtxt").write_text('backend: "onnxruntime"\n')
    elif kind == "version_that_is_no_number":
        version.rename(folder / "first")
    elif kind == "model_is_a_folder":
        (version / "model.onnx").mkdir()
    elif kind == "link_to_nothing":
        (version / "model.onnx").symlink_to(folder / "nowhere")
    elif kind == "link_to_itself":
        (version / "model.onnx").symlink_to(version / "model.onnx")
    elif kind == "config_is_no_text_format":
        (version / "model.onnx").write_bytes(whole)
        (folder / "config.pbtxt").write_text("{{{{ no = config")
    elif kind == "config_with_an_unknown_field":
        (version / "model.onnx").write_bytes(whole)
        (folder / "config.pbtxt").write_text("max_batch_sise: 4\n")
    elif kind == "config_with_another_name":
        (version / "model.onnx").write_bytes(whole)
        (folder / "config.pbtxt").write_text('name: "somebody_else"\n')
    elif kind == "config_with_an_unknown_backend":
        (folder / "config.pbtxt").write_text('backend: "no_such_backend"\n')
    elif kind == "config_that_contradicts_the_file":
        (version / "model.onnx").write_bytes(whole)
        tensors = 'input [ { name: "x" data_type: TYPE_INT32 dims: [ -1, 64 ] } ] output [ { name: "y" data_type: TYPE_FP32 dims: [ -1, 10 ] } ]\n'
        (folder / "config.pbtxt").write_text('backend: "onnxruntime"\n' + tensors)
    elif kind == "unknown_operator":
        (version / "model.onnx").write_bytes(unknown_operator())
    elif kind == "operator_set_of_the_future":
        (version / "model.onnx").write_bytes(future_operator_set())
    else:
        raise AssertionError(kind)


def unknown_operator():
    from onnx import helper

    make = daemons.make_models
    node = helper.make_node("NoSuchOperator", ["x"], ["y"], domain="nowhere")
    graph = helper.make_graph([node], "unknown", [make.tensor("x", "FP32", ["n"])], [make.tensor("y", "FP32", ["n"])])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("nowhere", 1)], ir_version=8
    )
    return model.SerializeToString()


def future_operator_set():
    from onnx import helper

    make = daemons.make_models
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "future", [make.tensor("x", "FP32", ["n"])], [make.tensor("y", "FP32", ["n"])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 999)], ir_version=8).SerializeToString()


# kind -> a word that the reason must hold ("" = any reason)
BAD_MODELS = {
    "truncated_file": "protobuf",
    "truncated_to_one_byte": "protobuf",
    "empty_file": "",
    "random_bytes": "protobuf",
    "text": "protobuf",
    "git_lfs_pointer": "",
    "no_file": "model.onnx",
    "no_version": "version",
    "version_that_is_no_number": "version",
    "model_is_a_folder": "directory",
    "link_to_nothing": "model.onnx",
    "link_to_itself": "model.onnx",
    "config_is_no_text_format": "config.pbtxt",
    "config_with_an_unknown_field": "max_batch_sise",
    "config_with_another_name": "somebody_else",
    "config_with_an_unknown_backend": "no_such_backend",
    "config_that_contradicts_the_file": "INT32",
    "unknown_operator": "NoSuchOperator",
    "operator_set_of_the_future": "999",
}


@pytest.fixture(scope="module")
def spoilt(make_repository, tmp_path_factory):
    """One daemon on a repository that holds every kind of bad model beside a good one."""
    repository = make_repository("scalar")
    for kind in BAD_MODELS:
        spoil(repository, f"bad_{kind}", kind)
    spoil(repository, "bad_plain_file", "a_file_named_as_a_model")
    (repository / "notes.txt").write_text("no model")
    (repository / ".hidden").mkdir()
    started = daemons.Daemon(repository, tmp_path_factory.mktemp("data")).start()
    yield started
    started.stop()


def test_the_server_starts_and_is_ready_beside_every_kind_of_bad_model(spoilt):
    assert wire.get(spoilt.http, "/v2/health/live").status == 200
    assert wire.get(spoilt.http, "/v2/health/ready").status == 200
    assert_serving(spoilt)


@pytest.mark.parametrize("kind, word", BAD_MODELS.items())
def test_a_bad_model_is_unavailable_with_its_real_reason(spoilt, kind, word):
    found = rows(spoilt, f"bad_{kind}")

    assert len(found) == 1, found
    assert found[0].get("state") == "UNAVAILABLE"
    assert found[0].get("reason", "").strip() not in ("", "unloaded")
    assert word.lower() in found[0]["reason"].lower(), found[0]["reason"]


@pytest.mark.parametrize("kind", ["truncated_file", "no_file", "config_is_no_text_format"])
def test_a_request_for_a_bad_model_is_an_error_that_names_it(spoilt, kind):
    answer = wire.infer(spoilt.http, f"bad_{kind}", {"inputs": [wire.tensor("x", "FP32", [1, 64], [0.0] * 64)]})

    assert answer.status in (404, 503)
    assert f"bad_{kind}" in answer.error()


@pytest.mark.parametrize("kind", ["truncated_file", "no_version", "unknown_operator"])
def test_loading_a_bad_model_again_fails_again_and_nothing_else(spoilt, kind):
    answer = wire.post(spoilt.http, f"/v2/repository/models/bad_{kind}/load")

    assert answer.status in (400, 500)
    assert f"bad_{kind}" in answer.error()
    assert_serving(spoilt)


@pytest.mark.parametrize("name", ["notes.txt", "notes", ".hidden"])
def test_what_is_no_model_is_not_listed(spoilt, name):
    assert rows(spoilt, name) == []


# Root reads everything by two capabilities; without them it is stopped by a mode as everybody is.
AS_EVERYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@pytest.fixture
def ordinary_daemon(tmp_path):
    """A daemon that may read no more than an ordinary user, also when root runs the tests."""
    started = []

    def make(repository):
        one = daemons.Daemon(repository, tmp_path / "data")
        one.command = AS_EVERYBODY + one.command
        started.append(one)
        return one.start()

    yield make
    for one in started:
        one.stop()


def test_a_folder_that_cannot_be_read_is_a_row_with_a_reason(ordinary_daemon, make_repository):
    repository = make_repository("scalar", "simple")
    (repository / "simple").chmod(0)

    daemon = ordinary_daemon(repository)

    assert "simple" in [row["name"] for row in wire.post(daemon.http, "/v2/repository/index").json()]
    assert rows(daemon, "simple")[0]["state"] == "UNAVAILABLE"
    assert "simple" in rows(daemon, "simple")[0]["reason"]
    assert_serving(daemon)


def test_a_mended_model_can_be_loaded(private_daemon, make_repository):
    repository = make_repository("scalar", "broken")
    daemon = private_daemon(repository=repository)
    (repository / "broken" / "1" / "model.onnx").write_bytes(daemons.make_models.perceptron("broken", [64, 10], seed=1))

    answer = wire.post(daemon.http, "/v2/repository/models/broken/load")

    assert answer.status == 200, answer.body
    assert rows(daemon, "broken")[0]["state"] == "READY"
    assert rows(daemon, "broken")[0].get("reason", "") == ""


def test_a_model_deleted_from_disk_goes_on_serving(private_daemon, make_repository):
    import shutil

    repository = make_repository("scalar")
    daemon = private_daemon(repository=repository)

    shutil.rmtree(repository / "scalar")

    assert_serving(daemon)


def test_an_empty_repository_is_served(private_daemon, tmp_path):
    (tmp_path / "empty").mkdir()

    daemon = private_daemon(repository=tmp_path / "empty")

    assert wire.post(daemon.http, "/v2/repository/index").json() == []
    assert wire.get(daemon.http, "/v2/health/ready").status == 200


def test_a_missing_repository_is_a_clear_error(tmp_path):
    result = daemons.run_cli(
        "up",
        "--model-repository",
        tmp_path / "nowhere",
        "--data-dir",
        tmp_path / "data",
        "--http-port",
        "0",
        "--grpc-port",
        "0",
        "--metrics-port",
        "0",
    )

    assert result.returncode in (1, 2)
    assert str(tmp_path / "nowhere") in result.stderr


def test_a_data_folder_that_cannot_be_made_is_a_clear_error(tmp_path, make_repository):
    (tmp_path / "file").write_text("no folder")

    result = daemons.run_cli(
        "up",
        "--model-repository",
        make_repository("scalar"),
        "--data-dir",
        tmp_path / "file" / "data",
        "--http-port",
        "0",
        "--grpc-port",
        "0",
        "--metrics-port",
        "0",
    )

    assert result.returncode == 1
    assert str(tmp_path / "file") in result.stderr


# ---- ports


@pytest.mark.parametrize("flag", ["--http-port", "--grpc-port", "--metrics-port"])
def test_a_port_in_use_is_a_clear_error_with_its_number(tmp_path, make_repository, flag):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = {"--http-port": 0, "--grpc-port": 0, "--metrics-port": 0, flag: port}
        flags = [str(part) for pair in ports.items() for part in pair]

        result = daemons.run_cli(
            "up", "--model-repository", make_repository("scalar"), "--data-dir", tmp_path / "data", *flags
        )

    assert result.returncode == 1
    assert str(port) in result.stderr
    assert "in use" in result.stderr.lower() or flag in result.stderr


def test_a_start_that_failed_for_a_port_leaves_the_data_folder_usable(tmp_path, make_repository, private_daemon):
    repository = make_repository("scalar")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        failed = daemons.run_cli(
            "up",
            "--model-repository",
            repository,
            "--data-dir",
            tmp_path / "same",
            "--http-port",
            str(taken.getsockname()[1]),
        )

    assert failed.returncode == 1
    assert_serving(private_daemon(repository=repository, data_dir=tmp_path / "same"))


# ---- clients


def test_a_client_that_resets_in_the_middle_of_its_body_costs_nobody_else(daemon):
    host, port = daemon.http.rsplit(":", 1)
    for _ in range(50):
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sendall(
            b"POST /v2/models/scalar/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{" + b" " * 100
        )
        connection.close()

    assert_serving(daemon)


def test_a_client_that_does_not_read_its_answer_costs_nobody_else(daemon):
    host, port = daemon.http.rsplit(":", 1)
    body = b'{"inputs":[{"name":"ROWS","datatype":"INT64","shape":[1],"data":[4096]}],"parameters":{"binary_data_output":true}}'
    raw = (
        b"POST /v2/models/bigactivation/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        assert connection.recv(8) == b"HTTP/1.1"

        assert_serving(daemon)


def test_a_killed_grpc_client_process_costs_nobody_else(private_daemon):
    import sys

    daemon = private_daemon("slow", "scalar")
    code = (
        "import sys, numpy as np, tritonclient.grpc as t\n"
        "c = t.InferenceServerClient(sys.argv[1])\n"
        "i = t.InferInput('ITERATIONS', [1], 'INT64')\n"
        "i.set_data_from_numpy(np.array([10**12]))\n"
        "print('sending', flush=True)\n"
        "c.infer('slow', [i])\n"
    )
    busy = daemon.cpu_seconds()
    client = subprocess.Popen([sys.executable, "-c", code, daemon.grpc], stdout=subprocess.PIPE)
    assert client.stdout.readline() == b"sending\n"
    daemons.wait_until(lambda: daemon.cpu_seconds() > busy + 0.3, limit_s=20, what="the running request")

    client.kill()
    client.wait()

    assert_serving(daemon)
    daemons.wait_until(lambda: is_idle(daemon), limit_s=20, what="an idle daemon")


def is_idle(daemon):
    start = daemon.cpu_seconds()
    threading.Event().wait(0.3)
    return daemon.cpu_seconds() - start < 0.1


# ---- the cache of optimised graphs


def in_a_small_file_system(command, folder, size):
    """The command with `folder` on a file system of its own that holds so much, in a mount namespace of its own."""
    script = f'mount -t tmpfs -o size={size},mode=0700 tmpfs "$0" && exec "$@"'
    kinds = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    prefix = ["unshare", *kinds, "sh", "-c", script, str(folder)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"no mount namespace here: {tried.stderr.strip()}")
    return prefix + command


def large_answer(daemon):
    x = [index / 64 for index in range(64)]
    answer = wire.infer(daemon.http, "mlpl", {"inputs": [wire.tensor("x", "FP32", [1, 64], x)]})
    assert answer.status == 200, answer.body
    return answer.json()["outputs"][0]["data"]


def test_a_full_cache_folder_fails_no_load_and_is_told_once(make_repository, private_daemon, tmp_path):
    repository = make_repository("mlpl")
    wanted = large_answer(private_daemon(repository=repository))
    cache = tmp_path / "full" / "cache"
    cache.mkdir(parents=True)
    tmp_path.joinpath("full").chmod(0o700)
    daemon = daemons.Daemon(repository, tmp_path / "full")
    daemon.command = in_a_small_file_system(daemon.command, cache, "1m")

    daemon.start()
    try:
        for _ in range(2):
            assert wire.post(daemon.http, "/v2/repository/models/mlpl/load").status == 200
        assert large_answer(daemon) == wanted
        kept = list(pathlib.Path(f"/proc/{daemon.pid}/root{cache}/onnx").iterdir())
    finally:
        daemon.stop()

    assert kept == []
    assert daemon.text().count("optimised graph not kept") == 1
    assert "No space left on device" in daemon.text()


def test_a_start_after_the_first_takes_the_optimised_graph_of_the_first(make_repository, private_daemon, tmp_path):
    repository = make_repository("mlpl")
    first = private_daemon(repository=repository, data_dir=tmp_path / "data")
    wanted = large_answer(first)
    first.stop()
    (entry,) = (tmp_path / "data" / "cache" / "onnx").iterdir()
    before = entry.stat().st_ino

    second = private_daemon(repository=repository, data_dir=tmp_path / "data")

    assert large_answer(second) == wanted
    assert entry.stat().st_ino == before


def test_a_cache_of_size_zero_keeps_nothing(private_daemon, tmp_path):
    daemon = private_daemon("mlpl", data_dir=tmp_path / "data", flags=["--onnx-cache-size", "0"])

    large_answer(daemon)

    assert not (tmp_path / "data" / "cache").exists()
