"""The best classes of an output as text: Triton's classification extension."""

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

LABELS = b"apple\r\npear\nplum\n"


@pytest.fixture
def labelled(private_daemon, tmp_path):
    """A daemon with "fruits": x -> x, of three numbers, with names for its classes."""
    text = """
name: "fruits" backend: "onnxruntime" max_batch_size: 8
input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 3 ] } ]
output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" } ]
"""
    onnx_bytes = daemons.make_models.identity("fruits", "FP32", ["rows", 3])
    files = daemons.make_models.model_files("fruits", onnx_bytes, text)
    for path, content in {**files, "fruits/labels.txt": LABELS}.items():
        target = tmp_path / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return private_daemon(repository=tmp_path / "repository")


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_the_real_clients_get_value_index_and_label(labelled, protocol):
    rows = np.array([[1.5, 4.5, 0.25], [7, 5, 6]], dtype=np.float32)
    tensor = protocol.InferInput("INPUT0", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows)
    wanted = protocol.InferRequestedOutput("OUTPUT0", class_count=2)
    address = labelled.http if protocol is tritonclient.http else labelled.grpc

    with protocol.InferenceServerClient(address) as client:
        answer = client.infer("fruits", [tensor], outputs=[wanted]).as_numpy("OUTPUT0")

    assert answer.tolist() == [[b"4.500000:1:pear", b"1.500000:0:apple"], [b"7.000000:0:apple", b"6.000000:2:plum"]]


def test_json_has_them_as_strings(daemon):
    body = {
        "inputs": [wire.tensor("x", "FP32", [1, 64], [0.5] * 64)],
        "outputs": [{"name": "y", "parameters": {"classification": 20}}],
    }

    output = wire.infer(daemon.http, "mlp", body).json()["outputs"][0]

    assert (output["datatype"], output["shape"]) == ("BYTES", [1, 10])
    values = [float(text.split(":")[0]) for text in output["data"]]
    assert values == sorted(values, reverse=True)
    assert sorted(int(text.split(":")[1]) for text in output["data"]) == list(range(10))


@pytest.mark.parametrize("datatype, value", [("FP16", 1.0), ("BF16", 1.0), ("BOOL", True), ("BYTES", "a")])
def test_an_output_without_an_order_is_refused(daemon, datatype, value):
    body = {
        "inputs": [wire.tensor("INPUT0", datatype, [1, 1], [value])],
        "outputs": [{"name": "OUTPUT0", "parameters": {"classification": 1}}],
    }

    answer = wire.infer(daemon.http, f"identity_{datatype.lower()}", body)

    assert answer.status == 400
    assert "'OUTPUT0'" in answer.error() and datatype in answer.error()


def test_a_tensor_that_is_too_large_is_refused_with_tritons_text(daemon):
    header = {
        "inputs": [{"name": "INPUT0", "datatype": "UINT8", "shape": [1, 1_000_001], "parameters": {"binary_data_size": 1_000_001}}],
        "outputs": [{"name": "OUTPUT0", "parameters": {"classification": 1}}],
    }

    answer = wire.infer_binary(daemon.http, "identity_uint8", header, b"\0" * 1_000_001)

    assert (answer.status, answer.error()) == (400, "classification output tensor too large")


@pytest.mark.parametrize("file", ["../labels.txt", "none.txt"])
def test_labels_that_are_not_in_the_models_folder_keep_the_model_out(private_daemon, tmp_path, file):
    text = f'output [ {{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, -1 ] label_filename: "{file}" }} ]'
    onnx_bytes = daemons.make_models.identity("m", "FP32", ["rows", "columns"])
    for path, content in daemons.make_models.model_files("m", onnx_bytes, text).items():
        target = tmp_path / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    daemon = private_daemon(repository=tmp_path / "repository")

    row = wire.post(daemon.http, "/v2/repository/index").json()[0]

    assert row.get("state", "UNAVAILABLE") == "UNAVAILABLE"
    assert file.rsplit("/", 1)[-1] in row["reason"]
