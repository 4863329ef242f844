"""Every datatype goes in and comes back unchanged: HTTP binary, HTTP JSON, gRPC raw, gRPC typed."""

import ml_dtypes
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire
from tritonclient.grpc import service_pb2
from tritonclient.utils import deserialize_bytes_tensor

# What the ends of each range, and values that a conversion through double or int32 would lose, look like.
VALUES = {
    "BOOL": np.array([[True, False, True]]),
    "UINT8": np.array([[0, 1, 255]], dtype=np.uint8),
    "UINT16": np.array([[0, 1, 65535]], dtype=np.uint16),
    "UINT32": np.array([[0, 1, 4294967295]], dtype=np.uint32),
    "UINT64": np.array([[0, 9007199254740993, 18446744073709551615]], dtype=np.uint64),
    "INT8": np.array([[-128, 0, 127]], dtype=np.int8),
    "INT16": np.array([[-32768, 0, 32767]], dtype=np.int16),
    "INT32": np.array([[-2147483648, 0, 2147483647]], dtype=np.int32),
    "INT64": np.array([[-9223372036854775808, 9007199254740993, 9223372036854775807]], dtype=np.int64),
    "FP16": np.array([[0.5, -65504.0, 0.0999755859375]], dtype=np.float16),
    "BF16": np.array([[0.5, -1.0, 3.0e38]], dtype=ml_dtypes.bfloat16),
    "FP32": np.array([[0.1, -3.4028235e38, 1.4e-45]], dtype=np.float32),
    "FP64": np.array([[0.1, -1.7976931348623157e308, 5e-324]], dtype=np.float64),
    "BYTES": np.array([[b"", b"text", "\u00e4\u4e16".encode()]], dtype=object),
}
TYPED_FIELD = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
ALL = sorted(VALUES)


def assert_same(datatype, answer):
    """Equal to the last bit, in shape and in kind."""
    sent = VALUES[datatype]
    assert answer.shape == sent.shape
    assert answer.tolist() == sent.tolist()


@pytest.mark.parametrize("datatype", ALL)
def test_http_binary(http_client, datatype):
    tensor = tritonclient.http.InferInput("INPUT0", [1, 3], datatype)
    tensor.set_data_from_numpy(VALUES[datatype], binary_data=True)

    answer = http_client.infer(
        f"identity_{datatype.lower()}",
        [tensor],
        outputs=[tritonclient.http.InferRequestedOutput("OUTPUT0", binary_data=True)],
    )

    assert answer.get_output("OUTPUT0")["datatype"] == datatype
    assert_same(datatype, answer.as_numpy("OUTPUT0"))


@pytest.mark.parametrize("datatype", [name for name in ALL if name not in ("FP16", "BF16")])
def test_http_json_by_the_client(http_client, datatype):
    tensor = tritonclient.http.InferInput("INPUT0", [1, 3], datatype)
    tensor.set_data_from_numpy(VALUES[datatype], binary_data=False)

    answer = http_client.infer(
        f"identity_{datatype.lower()}",
        [tensor],
        outputs=[tritonclient.http.InferRequestedOutput("OUTPUT0", binary_data=False)],
    )

    received = answer.as_numpy("OUTPUT0")
    if datatype == "BYTES":  # a JSON answer holds text
        received = np.array(
            [[str(value).encode() if not isinstance(value, bytes) else value for value in received.ravel()]],
            dtype=object,
        )
    assert "data" in answer.get_output("OUTPUT0")
    assert_same(datatype, received)


@pytest.mark.parametrize(
    "datatype, text",
    [
        ("UINT64", b"[0,9007199254740993,18446744073709551615]"),
        ("INT64", b"[-9223372036854775808,9007199254740993,9223372036854775807]"),
        ("BOOL", b"[true,false,true]"),
        ("BYTES", '["","text","\u00e4\u4e16"]'.encode()),
    ],
)
def test_json_output_is_flat_and_exact_to_the_last_digit(daemon, datatype, text):
    body = b'{"inputs":[{"name":"INPUT0","datatype":"%s","shape":[1,3],"data":%s}]}' % (datatype.encode(), text)

    answer = wire.infer(daemon.http, f"identity_{datatype.lower()}", body)

    assert answer.status == 200, answer.body
    assert b'"data":' + text in answer.body


@pytest.mark.parametrize(
    "datatype, values", [("FP16", [0.5, -65504.0, 0.0999755859375]), ("BF16", [0.5, -1.0, 3.140625])]
)
def test_half_precision_as_json_numbers_is_served_which_triton_refuses(daemon, datatype, values):
    body = {"inputs": [wire.tensor("INPUT0", datatype, [1, 3], values)]}

    answer = wire.infer(daemon.http, f"identity_{datatype.lower()}", body)

    assert answer.status == 200, answer.body
    assert answer.json()["outputs"] == [{"name": "OUTPUT0", "datatype": datatype, "shape": [1, 3], "data": values}]


def test_a_json_number_is_rounded_to_the_nearest_half(daemon):
    body = {"inputs": [wire.tensor("INPUT0", "FP16", [1, 1], [0.1])]}

    answer = wire.infer(daemon.http, "identity_fp16", body)

    assert answer.json()["outputs"][0]["data"] == [0.0999755859375]


def test_a_whole_fp32_prints_as_a_json_double(daemon):
    answer = wire.infer(daemon.http, "identity_fp32", {"inputs": [wire.tensor("INPUT0", "FP32", [1, 1], [1])]})

    assert b'"data":[1.0]' in answer.body


@pytest.mark.parametrize("value", [0.1, 1.4e-45, 3.4028234663852886e38, 16777217.0])
def test_an_fp32_in_json_reads_back_as_the_same_fp32(daemon, value):
    answer = wire.infer(daemon.http, "identity_fp32", {"inputs": [wire.tensor("INPUT0", "FP32", [1, 1], [value])]})

    assert np.float32(answer.json()["outputs"][0]["data"][0]) == np.float32(value)


@pytest.mark.parametrize("datatype", ALL)
def test_grpc_raw(grpc_client, datatype):
    tensor = tritonclient.grpc.InferInput("INPUT0", [1, 3], datatype)
    tensor.set_data_from_numpy(VALUES[datatype])

    answer = grpc_client.infer(f"identity_{datatype.lower()}", [tensor])

    assert answer.get_output("OUTPUT0").datatype == datatype
    assert_same(datatype, answer.as_numpy("OUTPUT0"))


@pytest.mark.parametrize("datatype", sorted(TYPED_FIELD))
def test_grpc_typed_contents_are_read_and_answered_raw(stub, datatype):
    values = VALUES[datatype].ravel().tolist()
    contents = service_pb2.InferTensorContents(**{TYPED_FIELD[datatype]: values})
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name="INPUT0", datatype=datatype, shape=[1, 3], contents=contents
    )
    request = service_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}", inputs=[tensor])

    answer = stub.ModelInfer(request, timeout=10)

    assert len(answer.raw_output_contents) == 1
    assert not answer.outputs[0].HasField("contents")
    raw = answer.raw_output_contents[0]
    if datatype == "BYTES":
        assert deserialize_bytes_tensor(raw).tolist() == values
    else:
        assert np.frombuffer(raw, dtype=VALUES[datatype].dtype).tolist() == values


@pytest.mark.parametrize("datatype, number", [("INT8", 200), ("INT16", 70000), ("UINT8", 300), ("UINT16", 70000)])
def test_a_typed_element_that_does_not_fit_its_datatype_is_refused_with_its_input_and_value(stub, datatype, number):
    import grpc

    contents = service_pb2.InferTensorContents(**{TYPED_FIELD[datatype]: [number]})
    tensor = service_pb2.ModelInferRequest.InferInputTensor(
        name="INPUT0", datatype=datatype, shape=[1, 1], contents=contents
    )
    request = service_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}", inputs=[tensor])

    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(request, timeout=10)

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "INPUT0" in raised.value.details() and str(number) in raised.value.details()


def test_bf16_over_grpc_has_the_bits_that_were_sent(stub):
    raw = np.array([[1.0, -2.5]], dtype=ml_dtypes.bfloat16).tobytes()
    tensor = service_pb2.ModelInferRequest.InferInputTensor(name="INPUT0", datatype="BF16", shape=[1, 2])
    request = service_pb2.ModelInferRequest(model_name="identity_bf16", inputs=[tensor], raw_input_contents=[raw])

    answer = stub.ModelInfer(request, timeout=10)

    assert answer.raw_output_contents[0] == raw


@pytest.mark.parametrize("element", [b"", b"\x00", b"\xff\xfe\x00\x01", b"x" * 70000])
def test_any_bytes_go_through_binary_unchanged(daemon, element):
    blob = wire.bytes_tensor(element)
    header = {
        "inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], binary_data_size=len(blob))],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}],
    }

    answer = wire.infer_binary(daemon.http, "identity_bytes", header, blob)

    assert answer.status == 200, answer.body
    assert wire.split_binary(answer)[1]["OUTPUT0"] == blob


def test_bytes_that_are_no_text_cannot_be_a_json_string(daemon):
    blob = wire.bytes_tensor(b"\xff\xfe")
    header = {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], binary_data_size=len(blob))]}

    answer = wire.infer_binary(daemon.http, "identity_bytes", header, blob)

    assert answer.status == 400
    assert "OUTPUT0" in answer.error() and "UTF-8" in answer.error()


def test_control_characters_and_quotes_survive_json(daemon):
    text = 'a"b\\c\n\t\u0001\u2028'
    answer = wire.infer(daemon.http, "identity_bytes", {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], [text])]})

    assert answer.json()["outputs"][0]["data"] == [text]


def test_nested_data_is_read_in_row_major_order(daemon):
    body = {"inputs": [wire.tensor("INPUT0", "INT32", [2, 3], [[1, 2, 3], [4, 5, 6]])]}

    answer = wire.infer(daemon.http, "identity_int32", body)

    assert answer.json()["outputs"] == [
        {"name": "OUTPUT0", "datatype": "INT32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}
    ]


@pytest.mark.parametrize("shape", [[0, 3], [2, 0]])
def test_a_tensor_without_elements_is_served_as_json(daemon, shape):
    answer = wire.infer(daemon.http, "identity_fp32", {"inputs": [wire.tensor("INPUT0", "FP32", shape, [])]})

    assert answer.status == 200, answer.body
    assert answer.json()["outputs"] == [{"name": "OUTPUT0", "datatype": "FP32", "shape": shape, "data": []}]


def test_a_tensor_without_elements_is_served_as_binary(daemon):
    header = {
        "inputs": [wire.tensor("INPUT0", "FP32", [0, 3], binary_data_size=0)],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}],
    }

    answer = wire.infer_binary(daemon.http, "identity_fp32", header)

    assert answer.status == 200, answer.body
    assert "Inference-Header-Content-Length" not in answer.headers
    assert answer.json()["outputs"][0]["parameters"] == {"binary_data_size": 0}


def test_a_scalar_has_an_empty_shape_over_http(daemon):
    answer = wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]})

    assert answer.json()["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [], "data": [3.0]}]


def test_a_scalar_has_an_empty_shape_over_grpc(grpc_client):
    tensor = tritonclient.grpc.InferInput("x", [], "FP32")
    tensor.set_data_from_numpy(np.array(1.5, dtype=np.float32))

    answer = grpc_client.infer("scalar", [tensor])

    assert list(answer.get_output("y").shape) == []
    assert answer.as_numpy("y").tolist() == 3.0


def test_non_finite_outputs_are_strings_in_json(daemon):
    answer = wire.infer(daemon.http, "nonfinite", {"inputs": [wire.tensor("x", "FP32", [3], [0.0, -1.0, 1.0])]})

    outputs = {output["name"]: output["data"] for output in answer.json()["outputs"]}
    assert outputs == {"log": ["-Infinity", "NaN", 0.0], "inverse": ["Infinity", -1.0, 1.0]}


def test_non_finite_outputs_are_floats_in_binary(http_client):
    tensor = tritonclient.http.InferInput("x", [3], "FP32")
    tensor.set_data_from_numpy(np.array([0.0, -1.0, 1.0], dtype=np.float32))

    answer = http_client.infer("nonfinite", [tensor])

    assert np.isneginf(answer.as_numpy("log")[0]) and np.isnan(answer.as_numpy("log")[1])
    assert np.isposinf(answer.as_numpy("inverse")[0])


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "inf"])
def test_a_bare_non_finite_word_in_the_input_is_400(daemon, word):
    body = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[%s]}]}' % word

    answer = wire.infer(daemon.http, "nonfinite", body)

    assert answer.status == 400
    assert answer.error()


@pytest.mark.parametrize(
    "datatype, number",
    [
        ("INT8", 128),
        ("UINT8", -1),
        ("INT32", 2147483648),
        ("UINT32", -1),
        ("INT64", 9223372036854775808),
        ("UINT64", -1),
    ],
)
def test_a_json_integer_outside_its_datatype_is_400(daemon, datatype, number):
    answer = wire.infer(
        daemon.http, f"identity_{datatype.lower()}", {"inputs": [wire.tensor("INPUT0", datatype, [1, 1], [number])]}
    )

    assert answer.status == 400
    assert "INPUT0" in answer.error() and datatype in answer.error()


@pytest.mark.parametrize(
    "datatype, value",
    [
        ("INT32", 1.5),
        ("INT32", "1"),
        ("INT32", True),
        ("BOOL", "true"),
        ("BYTES", 1),
        ("FP32", "1.0"),
        ("FP32", None),
        ("FP32", {}),
    ],
)
def test_a_json_element_of_the_wrong_kind_is_400(daemon, datatype, value):
    answer = wire.infer(
        daemon.http, f"identity_{datatype.lower()}", {"inputs": [wire.tensor("INPUT0", datatype, [1, 1], [value])]}
    )

    assert answer.status == 400
    assert "INPUT0" in answer.error() and datatype in answer.error()
