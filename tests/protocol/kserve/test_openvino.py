"""Models that OpenVINO runs, through the real clients: each format, in the daemon and in a process of its own."""

import pathlib

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import tritonclient.utils
import wire

FORMATS = ["openvino_ir", "openvino_saved_model", "openvino_tflite"]
ONNX = ["openvino_onnx", "openvino_worker"]
PLUGIN = pathlib.Path("lib") / "libaion_openvino.so"


@pytest.fixture(scope="module")
def openvino_daemon(make_repository, tmp_path_factory):
    import daemon as daemons

    plugin = pathlib.Path(daemons.program()).resolve().parents[1] / PLUGIN
    if not plugin.exists():
        pytest.skip(f"this build has no OpenVINO: {plugin} is missing")
    started = daemons.Daemon(make_repository("scalar", *FORMATS, *ONNX), tmp_path_factory.mktemp("data")).start()
    yield started
    started.stop()


@pytest.fixture(params=["http", "grpc"])
def client(request, openvino_daemon):
    module = {"http": tritonclient.http, "grpc": tritonclient.grpc}[request.param]
    address = {"http": openvino_daemon.http, "grpc": openvino_daemon.grpc}[request.param]
    with module.InferenceServerClient(address) as made:
        made.module = module
        yield made


def tensor(client, name, array, datatype):
    made = client.module.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


@pytest.mark.parametrize("model", FORMATS)
def test_a_model_in_another_format_answers(client, model):
    x = np.array([[1, 1, 1, 1], [0.5, -1, 2, 0]], dtype=np.float32)

    answer = client.infer(model, [tensor(client, "x", x, "FP32")])

    assert answer.as_numpy("y").tolist() == [[1, 2, 3, 4], [0.5, -2, 6, 0]]


@pytest.mark.parametrize("model", ONNX)
def test_an_onnx_model_answers_in_the_daemon_and_in_a_worker(client, model):
    row, ones = np.arange(16, dtype=np.int32).reshape(1, 16), np.ones((1, 16), dtype=np.int32)

    answer = client.infer(model, [tensor(client, "INPUT0", row, "INT32"), tensor(client, "INPUT1", ones, "INT32")])

    assert answer.as_numpy("OUTPUT0").tolist() == (row + 1).tolist()
    assert answer.as_numpy("OUTPUT1").tolist() == (row - 1).tolist()


def test_the_metadata_names_the_platform_and_the_tensors(openvino_daemon):
    with tritonclient.http.InferenceServerClient(openvino_daemon.http) as client:
        metadata = client.get_model_metadata("openvino_tflite")

    assert metadata["platform"] == "openvino"
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    assert metadata["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 4]}]


def test_a_wrong_shape_is_an_error_that_names_the_input(client):
    with pytest.raises(tritonclient.utils.InferenceServerException) as raised:
        client.infer("openvino_ir", [tensor(client, "x", np.ones((1, 5), dtype=np.float32), "FP32")])

    assert "'x'" in raised.value.message()


def test_a_broken_file_is_unavailable_with_the_library_s_words(private_daemon, make_repository):
    repository = make_repository("scalar", "broken")
    (repository / "broken" / "config.pbtxt").write_text('backend: "openvino"\n')
    daemon = private_daemon(repository=repository)

    rows = [row for row in wire.post(daemon.http, "/v2/repository/index").json() if row["name"] == "broken"]

    assert rows[0]["state"] == "UNAVAILABLE"
    assert "parsed" in rows[0]["reason"]


def test_a_missing_plug_in_costs_only_the_models_that_need_it(private_daemon, tmp_path):
    daemon = private_daemon("scalar", "openvino_onnx", flags=["--openvino-plugin", tmp_path / "nothing.so"])

    rows = {row["name"]: row for row in wire.post(daemon.http, "/v2/repository/index").json()}

    assert rows["scalar"]["state"] == "READY"
    assert rows["openvino_onnx"]["state"] == "UNAVAILABLE"
    assert "nothing.so" in rows["openvino_onnx"]["reason"]


def test_a_daemon_without_such_models_does_not_map_the_library(private_daemon):
    daemon = private_daemon("scalar")

    maps = pathlib.Path(f"/proc/{daemon.pid}/maps").read_text()

    assert "openvino" not in maps
    assert "onnxruntime" in maps
