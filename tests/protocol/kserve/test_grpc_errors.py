"""The texts that clients and other servers' tests compare, letter by letter, with their gRPC status."""

import grpc
import numpy as np
import pytest
import tritonclient.grpc
import wire
from tritonclient.grpc import service_pb2

ROW = list(range(16))


def grpc_request(model, *tensors, raw=(), version="", request_id="", outputs=(), parameters=()):
    message = service_pb2.ModelInferRequest(
        model_name=model, model_version=version, id=request_id, raw_input_contents=list(raw)
    )
    message.inputs.extend(tensors)
    message.outputs.extend(service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=name) for name in outputs)
    for key, value in parameters:
        message.parameters[key].CopyFrom(value)
    return message


def entry(name, datatype="INT32", shape=(1, 16), **contents):
    message = service_pb2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents:
        message.contents.CopyFrom(service_pb2.InferTensorContents(**contents))
    return message


RAW = b"\0" * 64
INVALID = grpc.StatusCode.INVALID_ARGUMENT
BOTH = (entry("INPUT0"), entry("INPUT1"))

GRPC_CASES = [
    (
        "unknown_model",
        grpc_request("nope", entry("INPUT0"), raw=[RAW]),
        grpc.StatusCode.NOT_FOUND,
        "Request for unknown model: 'nope' is not found",
    ),
    (
        "unknown_version",
        grpc_request("simple", *BOTH, raw=[RAW, RAW], version="9"),
        grpc.StatusCode.NOT_FOUND,
        "Request for unknown model: 'simple' version 9 is not found",
    ),
    (
        "decoupled_model",
        grpc_request(
            "repeat",
            entry("IN", shape=[1], int_contents=[1]),
            entry("DELAY", "UINT32", [1], uint_contents=[0]),
            entry("WAIT", "UINT32", [1], uint_contents=[0]),
        ),
        grpc.StatusCode.UNIMPLEMENTED,
        "ModelInfer RPC doesn't support models with decoupled transaction policy",
    ),
    (
        "batch_too_large",
        grpc_request(
            "simple",
            entry("INPUT0", shape=[9, 16]),
            entry("INPUT1", shape=[9, 16]),
            raw=[RAW * 9, RAW * 9],
            request_id="7",
        ),
        INVALID,
        "[request id: 7] inference request batch-size must be <= 8 for 'simple'",
    ),
    (
        "wrong_type",
        grpc_request("simple", entry("INPUT0", "FP32"), entry("INPUT1"), raw=[RAW, RAW]),
        INVALID,
        "[request id: <id_unknown>] inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'",
    ),
    (
        "wrong_shape",
        grpc_request("idbig", entry("INPUT0", "FP32", [1, 2]), raw=[b"\0" * 8]),
        INVALID,
        "[request id: <id_unknown>] unexpected shape for input 'INPUT0' for model 'idbig'. Expected [1,50176], got [1,2].",
    ),
    (
        "wrong_byte_count",
        grpc_request("simple", *BOTH, raw=[RAW[:60], RAW], request_id="7"),
        INVALID,
        "[request id: 7] input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 64, got 60",
    ),
    (
        "missing_input",
        grpc_request("simple", entry("INPUT0"), raw=[RAW], request_id="7"),
        INVALID,
        "[request id: 7] expected 2 inputs but got 1 inputs for model 'simple'. Got input(s) ['INPUT0'], "
        "but missing required input(s) ['INPUT1']. Please provide all required input(s).",
    ),
    (
        "unknown_input",
        grpc_request("simple", entry("INPUT0"), entry("EXTRA"), raw=[RAW] * 2),
        INVALID,
        "unexpected inference input 'EXTRA' for model 'simple'",
    ),
    (
        "raw_and_typed",
        grpc_request("simple", entry("INPUT0", int_contents=ROW), entry("INPUT1", int_contents=ROW), raw=[RAW, RAW]),
        INVALID,
        "contents field must not be specified when using raw_input_contents for 'INPUT0' for model 'simple'",
    ),
    (
        "typed_of_the_wrong_kind",
        grpc_request("identity_fp32", entry("INPUT0", "FP32", [1, 1], int_contents=[1])),
        INVALID,
        "unexpected explicit tensor data for input tensor 'INPUT0' for model 'identity_fp32' of type 'INT32', expected datatype 'FP32'",
    ),
    (
        "no_data",
        grpc_request("simple", *BOTH),
        INVALID,
        "unable to find data for input tensor 'INPUT0' for model 'simple' in request.",
    ),
    (
        "sequence_id_of_the_wrong_kind",
        grpc_request(
            "simple", *BOTH, raw=[RAW, RAW], parameters=[("sequence_id", service_pb2.InferParameter(bool_param=True))]
        ),
        INVALID,
        "invalid value type for 'sequence_id' parameter, expected int64_param or string_param.",
    ),
]


@pytest.mark.parametrize("message, code, text", [pytest.param(*case[1:], id=case[0]) for case in GRPC_CASES])
def test_grpc_error_has_tritons_status_and_text(stub, message, code, text):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(message, timeout=10)

    assert (raised.value.code(), raised.value.details().strip()) == (code, text)


def test_grpc_statistics_of_an_unknown_model_have_tritons_text(grpc_client):
    with pytest.raises(tritonclient.grpc.InferenceServerException) as raised:
        grpc_client.get_inference_statistics("nope")

    assert (raised.value.status(), raised.value.message()) == (
        "StatusCode.INVALID_ARGUMENT",
        "requested model 'nope' is not available",
    )


def test_grpc_metadata_of_an_unknown_model_has_tritons_text(grpc_client):
    with pytest.raises(tritonclient.grpc.InferenceServerException) as raised:
        grpc_client.get_model_metadata("nope")

    assert (raised.value.status(), raised.value.message()) == (
        "StatusCode.NOT_FOUND",
        "Request for unknown model: 'nope' is not found",
    )


def test_grpc_unknown_output_names_output_and_model(stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(grpc_request("simple", *BOTH, raw=[RAW, RAW], outputs=["NOPE"]), timeout=10)

    assert raised.value.code() == INVALID
    assert "'NOPE'" in raised.value.details() and "'simple'" in raised.value.details()


@pytest.mark.parametrize(
    "message, words",
    [
        pytest.param(grpc_request("simple", *BOTH, raw=[RAW]), ["INPUT1"], id="one_raw_tensor_too_few"),
        pytest.param(grpc_request("simple", *BOTH, raw=[RAW] * 3), ["3", "2"], id="one_raw_tensor_too_many"),
        pytest.param(
            grpc_request("simple", entry("INPUT0", shape=[-1, 16]), entry("INPUT1"), raw=[RAW, RAW]),
            ["INPUT0", "-1"],
            id="negative_dimension",
        ),
        pytest.param(
            grpc_request("identity_fp32", entry("INPUT0", "FP32", [2**62, 2**62]), raw=[b"\0\0\0\0"]),
            ["INPUT0", str(2**62)],
            id="shape_that_overflows",
        ),
        pytest.param(
            grpc_request("simple", entry("INPUT0", "INT99"), entry("INPUT1"), raw=[RAW, RAW]),
            ["INPUT0", "INT99"],
            id="unknown_datatype",
        ),
        pytest.param(
            grpc_request("simple", entry("INPUT0", ""), entry("INPUT1"), raw=[RAW, RAW]),
            ["INPUT0", "datatype"],
            id="no_datatype",
        ),
        pytest.param(grpc_request("simple", entry(""), entry("INPUT1"), raw=[RAW, RAW]), ["name"], id="no_name"),
        pytest.param(
            grpc_request("simple", entry("INPUT0"), entry("INPUT0"), raw=[RAW, RAW]), ["INPUT0"], id="same_input_twice"
        ),
        pytest.param(
            grpc_request("simple", entry("INPUT0", int_contents=ROW[:15]), entry("INPUT1", int_contents=ROW)),
            ["INPUT0", "16", "15"],
            id="typed_too_few",
        ),
        pytest.param(
            grpc_request("identity_bytes", entry("INPUT0", "BYTES", [1, 2]), raw=[wire.bytes_tensor(b"one")]),
            ["INPUT0", "2"],
            id="too_few_bytes_elements",
        ),
        pytest.param(
            grpc_request("identity_bytes", entry("INPUT0", "BYTES", [1, 1]), raw=[b"\xff\xff\xff\xffab"]),
            ["INPUT0", "4294967295"],
            id="bytes_length_beyond_the_end",
        ),
        pytest.param(
            grpc_request("identity_bytes", entry("INPUT0", "BYTES", [1, 1]), raw=[b"\x01"]),
            ["INPUT0"],
            id="bytes_without_a_whole_length",
        ),
        pytest.param(
            grpc_request("simple", *BOTH, raw=[RAW, RAW], version="abc"), ["abc"], id="version_that_is_no_number"
        ),
        pytest.param(
            grpc_request("simple", *BOTH, raw=[RAW, RAW], version="99999999999999999999"),
            ["99999999999999999999"],
            id="version_that_overflows",
        ),
        pytest.param(grpc_request("", *BOTH, raw=[RAW, RAW]), ["model"], id="no_model_name"),
        pytest.param(
            grpc_request(
                "simple", *BOTH, raw=[RAW, RAW], parameters=[("triton_x", service_pb2.InferParameter(bool_param=True))]
            ),
            ["triton_"],
            id="reserved_parameter",
        ),
    ],
)
def test_a_malformed_grpc_request_is_the_clients_mistake_and_says_why(stub, message, words):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(message, timeout=10)

    assert raised.value.code() in (INVALID, grpc.StatusCode.NOT_FOUND)
    assert [word for word in words if word not in raised.value.details()] == [], raised.value.details()


def test_bytes_of_no_protobuf_are_refused_and_the_server_goes_on(daemon, grpc_client):
    with grpc.insecure_channel(daemon.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        with pytest.raises(grpc.RpcError):
            call(b"\xff" * 100, timeout=10)

    assert grpc_client.is_server_ready()


def test_an_unknown_grpc_method_is_unimplemented(daemon):
    with grpc.insecure_channel(daemon.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/NoSuchMethod")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"", timeout=10)

    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_the_server_answers_right_after_all_these_errors(grpc_client):
    tensor = tritonclient.grpc.InferInput("INPUT0", [1, 1], "FP32")
    tensor.set_data_from_numpy(np.array([[1.0]], dtype=np.float32))

    assert grpc_client.infer("identity_fp32", [tensor]).as_numpy("OUTPUT0").tolist() == [[1.0]]
