"""The texts that clients and other servers' tests compare, letter by letter, with their HTTP status."""

import pytest
import wire

ROW = list(range(16))


def inputs(*entries):
    return {"inputs": list(entries)}


def good(name="INPUT0"):
    return wire.tensor(name, "INT32", [1, 16], ROW)


def numbers(count):
    return [0] * count


# name, model, version, body, status, exact text
HTTP_CASES = [
    ("unknown_model", "nope", None, inputs(good()), 404, "Request for unknown model: 'nope' is not found"),
    (
        "unknown_version",
        "simple",
        "9",
        inputs(good()),
        404,
        "Request for unknown model: 'simple' version 9 is not found",
    ),
    (
        "version_outside_the_policy",
        "latest_version",
        "1",
        inputs(wire.tensor("x", "FP32", [1], [1.0])),
        404,
        "Request for unknown model: 'latest_version' version 1 is not found",
    ),
    (
        "decoupled_model",
        "repeat",
        None,
        inputs(
            wire.tensor("IN", "INT32", [1], [1]),
            wire.tensor("DELAY", "UINT32", [1], [0]),
            wire.tensor("WAIT", "UINT32", [1], [0]),
        ),
        501,
        "HTTP end point doesn't support models with decoupled transaction policy",
    ),
    (
        "batch_too_large",
        "simple",
        None,
        {
            "id": "7",
            **inputs(
                wire.tensor("INPUT0", "INT32", [9, 16], numbers(144)),
                wire.tensor("INPUT1", "INT32", [9, 16], numbers(144)),
            ),
        },
        400,
        "[request id: 7] inference request batch-size must be <= 8 for 'simple'",
    ),
    (
        "wrong_type",
        "simple",
        None,
        {"id": "7", **inputs(wire.tensor("INPUT0", "FP32", [1, 16], numbers(16)), good("INPUT1"))},
        400,
        "[request id: 7] inference input 'INPUT0' data-type is 'FP32', but model 'simple' expects 'INT32'",
    ),
    (
        "wrong_shape_of_a_model_without_batching",
        "idbig",
        None,
        {"id": "a", **inputs(wire.tensor("INPUT0", "FP32", [1, 2], [0.0, 0.0]))},
        400,
        "[request id: a] unexpected shape for input 'INPUT0' for model 'idbig'. Expected [1,50176], got [1,2].",
    ),
    (
        "wrong_rank",
        "identity_fp32",
        None,
        {"id": "a", **inputs(wire.tensor("INPUT0", "FP32", [2], [0.0, 0.0]))},
        400,
        "[request id: a] unexpected shape for input 'INPUT0' for model 'identity_fp32'. Expected [-1,-1], got [2].",
    ),
    (
        "missing_input",
        "simple",
        None,
        {"id": "7", **inputs(good())},
        400,
        "[request id: 7] expected 2 inputs but got 1 inputs for model 'simple'. Got input(s) ['INPUT0'], "
        "but missing required input(s) ['INPUT1']. Please provide all required input(s).",
    ),
    (
        "unknown_input",
        "simple",
        None,
        inputs(good(), good("EXTRA")),
        400,
        "unexpected inference input 'EXTRA' for model 'simple'",
    ),
    (
        "reserved_parameter",
        "simple",
        None,
        {"parameters": {"triton_x": 1}, **inputs(good(), good("INPUT1"))},
        400,
        "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
    ),
    (
        "no_data",
        "simple",
        None,
        inputs(wire.tensor("INPUT0", "INT32", [1, 16]), good("INPUT1")),
        400,
        "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
        "'shared_memory_region' in 'parameters'. But no field is set",
    ),
    (
        "data_and_binary_size",
        "simple",
        None,
        inputs(wire.tensor("INPUT0", "INT32", [1, 16], ROW, binary_data_size=64), good("INPUT1")),
        400,
        "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', "
        "'shared_memory_region' in 'parameters'. But set 'data' 'binary_data_size'",
    ),
]


@pytest.mark.parametrize(
    "model, version, body, status, text", [pytest.param(*case[1:], id=case[0]) for case in HTTP_CASES]
)
def test_http_error_has_tritons_status_and_text(daemon, model, version, body, status, text):
    answer = wire.infer(daemon.http, model, body, version=version)

    assert (answer.status, answer.error().strip()) == (status, text)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_wrong_shape_of_a_batching_model_is_told_with_the_batch_dimension(daemon):
    body = inputs(wire.tensor("INPUT0", "INT32", [1, 17], numbers(17)), good("INPUT1"))

    answer = wire.infer(daemon.http, "simple", body)

    start = "[request id: <id_unknown>] unexpected shape for input 'INPUT0' for model 'simple'. Expected [-1,16], got [1,17]."
    assert answer.status == 400
    assert answer.error().startswith(start)


def test_inputs_of_different_batch_sizes_are_told_with_one_of_them(daemon):
    body = {"id": "7", **inputs(good(), wire.tensor("INPUT1", "INT32", [2, 16], numbers(32)))}

    answer = wire.infer(daemon.http, "simple", body)

    texts = [
        f"[request id: 7] input '{name}' batch size does not match other inputs for 'simple'"
        for name in ("INPUT0", "INPUT1")
    ]
    assert answer.status == 400
    assert answer.error() in texts


@pytest.mark.parametrize(
    "body, status, start",
    [
        (b"no json", 400, "failed to parse the request JSON buffer: "),
        (b'{"inputs": [', 400, "failed to parse the request JSON buffer: "),
        (b"", 400, "failed to parse the request JSON buffer: "),
    ],
)
def test_a_body_that_is_no_json_is_the_clients_mistake_which_triton_answers_with_500(daemon, body, status, start):
    answer = wire.infer(daemon.http, "simple", body)

    assert answer.status == status
    assert answer.error().startswith(start)


@pytest.mark.parametrize("data", [ROW[:15], ROW + [16], [ROW, ROW]])
def test_a_count_that_is_not_the_shapes_is_the_clients_mistake_which_triton_answers_with_500(daemon, data):
    answer = wire.infer(daemon.http, "simple", inputs(wire.tensor("INPUT0", "INT32", [1, 16], data), good("INPUT1")))

    assert answer.status == 400
    assert answer.error().startswith("Unable to parse 'data': Shape does not match true shape of 'data' field")


def test_an_unknown_output_names_output_and_model(daemon):
    answer = wire.infer(daemon.http, "simple", {"outputs": [{"name": "NOPE"}], **inputs(good(), good("INPUT1"))})

    assert answer.status == 400
    assert "'NOPE'" in answer.error() and "'simple'" in answer.error()


def test_too_few_binary_bytes_tell_how_many_more_were_expected(daemon):
    header = inputs(wire.tensor("INPUT0", "INT32", [1, 16], binary_data_size=64), good("INPUT1"))

    answer = wire.infer_binary(daemon.http, "simple", header, b"\0" * 60)

    assert (answer.status, answer.error()) == (
        400,
        "unexpected size for input 'INPUT0', expecting 4 additional bytes for model 'simple'",
    )


def test_left_over_binary_bytes_are_an_error(daemon):
    header = inputs(wire.tensor("INPUT0", "INT32", [1, 16], binary_data_size=64), good("INPUT1"))

    answer = wire.infer_binary(daemon.http, "simple", header, b"\0" * 65)

    assert (answer.status, answer.error()) == (400, "unexpected additional input data for model 'simple'")


def test_a_binary_size_that_is_not_the_shapes_tells_both_sizes(daemon):
    header = {"id": "7", **inputs(wire.tensor("INPUT0", "INT32", [1, 16], binary_data_size=60), good("INPUT1"))}

    answer = wire.infer_binary(daemon.http, "simple", header, b"\0" * 60)

    assert answer.status == 400
    assert (
        answer.error()
        == "[request id: 7] input byte size mismatch for input 'INPUT0' for model 'simple'. Expected 64, got 60"
    )


def test_a_header_length_beyond_the_body_is_400_with_both_numbers(daemon):
    answer = wire.infer_binary(daemon.http, "simple", b"{}", header_length=100)

    assert (answer.status, answer.error()) == (400, "inference header size should be in range (0, 2), got: 100")


def test_a_header_length_that_is_no_number_is_400_with_what_came(daemon):
    answer = wire.infer_binary(daemon.http, "simple", b"{}", header_length="abc")

    assert answer.status == 400
    assert answer.error().startswith("Unable to parse Inference-Header-Content-Length, got: abc")


# ---- other calls


@pytest.mark.parametrize(
    "method, path, status, text",
    [
        ("GET", "/v2/models/nope", 404, "Request for unknown model: 'nope' is not found"),
        ("GET", "/v2/models/simple/versions/9", 404, "Request for unknown model: 'simple' version 9 is not found"),
        ("GET", "/v2/models/nope/stats", 400, "requested model 'nope' is not available"),
        (
            "GET",
            "/v2/models/simple/versions/9/stats",
            400,
            "requested model version is not available for model 'simple'",
        ),
        ("POST", "/v2/repository/other/models/simple/load", 501, "'repository_name' specification is not supported"),
        ("POST", "/v2/repository/other/models/simple/unload", 501, "'repository_name' specification is not supported"),
        ("POST", "/v2/repository/models/nope/load", 400, "failed to load 'nope', failed to poll from model repository"),
    ],
)
def test_http_calls_about_something_unknown_have_tritons_text(daemon, method, path, status, text):
    answer = wire.request(daemon.http, method, path)

    assert (answer.status, answer.error()) == (status, text)


def test_unloading_an_unknown_model_is_a_success(daemon, grpc_client):
    answer = wire.post(daemon.http, "/v2/repository/models/nope/unload")
    grpc_client.unload_model("nope")

    assert (answer.status, answer.body) == (200, b"")
