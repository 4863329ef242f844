"""The model configuration as clients are told it."""

import pytest
import tritonclient.grpc
import tritonclient.http
import wire

BATCHED = """
max_batch_size: 8
dynamic_batching { max_queue_delay_microseconds: 100 priority_levels: 2 default_priority_level: 1 }
parameters { key: "intra_op_thread_count" value { string_value: "1" } }
metric_tags { key: "team" value: "red" }
"""


def test_a_declared_model_is_told_as_it_was_declared_and_completed(daemon, http_client):
    config = http_client.get_model_config("simple")

    assert config["name"] == "simple"
    assert config["platform"] == "onnxruntime_onnx"
    assert config["backend"] == "onnxruntime"
    assert config["max_batch_size"] == 8
    assert config["version_policy"] == {"latest": {"num_versions": 1}}
    assert [(each["name"], each["data_type"], each["dims"]) for each in config["input"]] == [
        ("INPUT0", "TYPE_INT32", [16]),
        ("INPUT1", "TYPE_INT32", [16]),
    ]
    assert [group["kind"] for group in config["instance_group"]] == ["KIND_CPU"]
    assert config["default_model_filename"] == "model.onnx"


def test_the_fields_have_tritons_order_and_numbers_are_numbers(private_daemon, tmp_path):
    import daemon as daemons

    onnx_bytes = daemons.make_models.perceptron("m", [64, 128, 128, 10], seed=1)
    text = daemons.make_models.config("m", "onnxruntime", extra=BATCHED)
    for path, content in daemons.make_models.model_files("m", onnx_bytes, text).items():
        target = tmp_path / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    daemon = private_daemon(repository=tmp_path / "repository")

    config = wire.get(daemon.http, "/v2/models/m/config").json()

    assert list(config)[:8] == [
        "name",
        "platform",
        "backend",
        "runtime",
        "version_policy",
        "max_batch_size",
        "input",
        "output",
    ]
    assert config["dynamic_batching"]["max_queue_delay_microseconds"] == 100
    assert config["dynamic_batching"]["preferred_batch_size"] == [8]
    assert config["dynamic_batching"]["default_queue_policy"]["timeout_action"] == "REJECT"
    assert config["parameters"] == {"intra_op_thread_count": {"string_value": "1"}}
    assert config["metric_tags"] == {"team": "red"}
    assert list(config["input"][0]) == [
        "name",
        "data_type",
        "format",
        "dims",
        "is_shape_tensor",
        "allow_ragged_batch",
        "optional",
        "is_non_linear_format_io",
    ]
    assert config["input"][0]["dims"] == [64]
    assert "sequence_batching" not in config


def test_a_model_without_configuration_is_told_from_its_file(http_client):
    config = http_client.get_model_config("mlp")

    assert config["max_batch_size"] == 0
    assert [(each["name"], each["data_type"], each["dims"]) for each in config["input"]] == [("x", "TYPE_FP32", [-1, 64])]
    assert config["default_model_filename"] == "model.onnx"


@pytest.mark.parametrize("model", ["simple", "mlp", "identity_bytes", "repeat", "two_versions"])
def test_both_protocols_tell_the_same(http_client, grpc_client, model):
    over_grpc = grpc_client.get_model_config(model, as_json=True)["config"]
    over_http = http_client.get_model_config(model)

    assert over_grpc["name"] == over_http["name"]
    assert over_grpc["platform"] == over_http["platform"]
    assert [each["name"] for each in over_grpc["input"]] == [each["name"] for each in over_http["input"]]
    assert [each["data_type"] for each in over_grpc["output"]] == [each["data_type"] for each in over_http["output"]]


def test_the_path_of_a_version_is_the_same_configuration(daemon):
    whole = wire.get(daemon.http, "/v2/models/two_versions/config")

    assert wire.get(daemon.http, "/v2/models/two_versions/versions/1/config").json() == whole.json()


def test_an_unknown_model_is_not_found(daemon, http_client, grpc_client):
    answer = wire.get(daemon.http, "/v2/models/nobody/config")
    assert (answer.status, answer.error()) == (404, "Request for unknown model: 'nobody' is not found")

    with pytest.raises(tritonclient.grpc.InferenceServerException, match="version 9 is not found"):
        grpc_client.get_model_config("simple", "9")
    with pytest.raises(tritonclient.http.InferenceServerException, match="'nobody' is not found"):
        http_client.get_model_config("nobody")


RESHAPED = """
name: "m"
backend: "onnxruntime"
max_batch_size: 8
input { name: "x" data_type: TYPE_FP32 dims: [ 8, 8 ] reshape { shape: [ 64 ] } }
output { name: "y" data_type: TYPE_FP32 dims: [ 2, 1, 5 ] reshape { shape: [ 10 ] } }
optimization { graph { level: 1 } input_pinned_memory { enable: true } }
cc_model_filenames { key: "9.0" value: "model_h100.onnx" }
"""


def test_clients_see_the_shapes_of_the_configuration_and_the_model_its_own(private_daemon, tmp_path):
    import daemon as daemons
    import numpy as np

    onnx_bytes = daemons.make_models.perceptron("m", [64, 128, 128, 10], seed=1)
    files = {**daemons.make_models.model_files("m", onnx_bytes, RESHAPED), **daemons.make_models.model_files("bare", onnx_bytes)}
    for path, content in files.items():
        target = tmp_path / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    daemon = private_daemon(repository=tmp_path / "repository")
    rows = np.random.default_rng(1).random((3, 64), dtype=np.float32)

    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        metadata = client.get_model_metadata("m")
        assert metadata["inputs"][0]["shape"] == [-1, 8, 8]
        assert metadata["outputs"][0]["shape"] == [-1, 2, 1, 5]
        assert client.get_model_config("m")["input"][0]["reshape"] == {"shape": [64]}
        given = tritonclient.http.InferInput("x", [3, 8, 8], "FP32")
        given.set_data_from_numpy(rows.reshape(3, 8, 8))
        reshaped = client.infer("m", [given]).as_numpy("y")
        given = tritonclient.http.InferInput("x", [3, 64], "FP32")
        given.set_data_from_numpy(rows)
        plain = client.infer("bare", [given]).as_numpy("y")
        with pytest.raises(tritonclient.http.InferenceServerException, match="unexpected shape for input 'x'"):
            client.infer("m", [given])

    assert reshaped.shape == (3, 2, 1, 5)
    np.testing.assert_allclose(reshaped.reshape(3, 10), plain, rtol=1e-5)
