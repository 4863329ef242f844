"""Malformed HTTP requests: each gets a 4xx that names the field, what was expected and what came, and the server goes on."""

import json

import pytest
import wire

ROW = list(range(16))


def first(**changes):
    """A good first input with some fields changed; a field set to `...` is left out."""
    entry = {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "data": ROW, **changes}
    return {key: value for key, value in entry.items() if value is not ...}


SECOND = {"name": "INPUT1", "datatype": "INT32", "shape": [1, 16], "data": ROW}


def two(**changes):
    return {"inputs": [first(**changes), SECOND]}


def body(**changes):
    return {key: value for key, value in {"inputs": [first(), SECOND], **changes}.items() if value is not ...}


def nested(depth):
    return (
        b'{"inputs":[{"name":"INPUT0","datatype":"INT32","shape":[1,16],"data":'
        + b"[" * depth
        + b"1"
        + b"]" * depth
        + b"}]}"
    )


# name, body, words that the message must hold: the field, and what came or what was expected
JSON_CASES = [
    ("no_json", b"this is no JSON", ["JSON"]),
    ("cut_off_json", b'{"inputs":[{"name":"INPUT0"', ["JSON"]),
    ("empty_body", b"", ["JSON"]),
    ("only_blanks", b"  \r\n ", ["JSON"]),
    ("trailing_garbage", b'{"inputs":[]}x', ["JSON"]),
    ("two_documents", b'{"inputs":[]}{"inputs":[]}', ["JSON"]),
    ("trailing_comma", b'{"inputs":[],}', ["JSON"]),
    ("single_quotes", b"{'inputs':[]}", ["JSON"]),
    ("bare_nan", b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1],"data":[NaN]}]}', ["JSON"]),
    ("invalid_utf8", b'{"inputs":[{"name":"\xff\xfe","datatype":"INT32","shape":[1,16],"data":[1]}]}', ["UTF-8"]),
    ("lone_surrogate", b'{"id":"\\ud800","inputs":[]}', []),
    ("array_at_the_top", b"[]", ["object"]),
    ("string_at_the_top", b'"inputs"', ["object"]),
    ("number_at_the_top", b"1", ["object"]),
    ("null_at_the_top", b"null", ["object"]),
    ("deep_nesting_of_data", nested(101), ["data"]),
    ("very_deep_nesting_of_data", nested(1_000_000), []),
    ("deep_nesting_outside", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", []),
    ("no_inputs", body(inputs=...), ["inputs"]),
    ("inputs_is_null", body(inputs=None), ["inputs", "array"]),
    ("inputs_is_an_object", body(inputs={}), ["inputs", "array"]),
    ("inputs_is_a_string", body(inputs="INPUT0"), ["inputs", "array"]),
    ("input_is_a_number", body(inputs=[1]), ["inputs", "object"]),
    ("no_input_at_all", body(inputs=[]), ["INPUT0"]),
    ("id_is_a_number", body(id=42), ["id", "string"]),
    ("id_is_an_array", body(id=[]), ["id", "string"]),
    ("no_name", two(name=...), ["name"]),
    ("name_is_a_number", two(name=1), ["name", "string"]),
    ("name_is_empty", two(name=""), []),
    ("no_datatype", two(datatype=...), ["datatype"]),
    ("datatype_is_a_number", two(datatype=32), ["datatype", "string"]),
    ("datatype_is_unknown", two(datatype="INT99"), ["INPUT0", "INT99"]),
    ("datatype_in_lower_case", two(datatype="int32"), ["INPUT0", "int32"]),
    ("no_shape", two(shape=...), ["shape"]),
    ("shape_is_a_number", two(shape=16), ["shape", "array"]),
    ("shape_is_a_string", two(shape="[1,16]"), ["shape", "array"]),
    ("shape_has_a_string", two(shape=["1", 16]), ["shape"]),
    ("shape_has_a_fraction", two(shape=[1, 16.5]), ["shape"]),
    ("shape_has_null", two(shape=[None, 16]), ["shape"]),
    ("shape_is_negative", two(shape=[-1, 16]), ["shape", "-1"]),
    ("shape_is_nested", two(shape=[[1, 16]]), ["shape"]),
    ("shape_overflows_by_product", two(shape=[2**40, 2**40]), ["INPUT0"]),
    ("shape_element_over_int64", two(shape=[2**63, 1]), ["shape"]),
    ("shape_element_over_uint64", two(shape=[2**64, 1]), []),
    ("shape_of_many_dimensions", two(shape=[1] * 10_000), ["INPUT0"]),
    ("shape_times_size_overflows", two(shape=[2**61, 2]), ["INPUT0"]),
    ("too_few_elements", two(data=ROW[:15]), ["data", "shape"]),
    ("too_many_elements", two(data=ROW + [1]), ["data", "shape"]),
    ("ragged_data", two(data=[ROW[:8], ROW[:7]]), ["data", "shape"]),
    ("no_data", two(data=...), ["data"]),
    ("data_is_a_number", two(data=1), ["data", "array"]),
    ("data_is_an_object", two(data={"0": 1}), ["data", "array"]),
    ("data_is_a_string", two(data="1,2"), ["data", "array"]),
    ("data_has_a_string", two(data=["1"] * 16), ["INPUT0", "INT32"]),
    ("data_has_a_bool", two(data=[True] * 16), ["INPUT0", "INT32"]),
    ("data_has_a_fraction", two(data=[0.5] * 16), ["INPUT0", "INT32"]),
    ("data_has_null", two(data=[None] * 16), ["INPUT0"]),
    ("data_has_an_object", two(data=[{}] * 16), ["INPUT0"]),
    ("data_over_the_range", two(data=[2**31] * 16), ["INPUT0", "INT32"]),
    ("data_under_the_range", two(data=[-(2**31) - 1] * 16), ["INPUT0", "INT32"]),
    ("data_is_a_huge_number", b'{"inputs":[{"name":"INPUT0","datatype":"INT32","shape":[1],"data":[1e999]}]}', []),
    ("unknown_input", body(inputs=[first(), SECOND, first(name="EXTRA")]), ["EXTRA", "simple"]),
    ("same_input_twice", body(inputs=[first(), first()]), ["INPUT0"]),
    ("same_input_thrice", body(inputs=[first(), SECOND, SECOND]), ["INPUT1"]),
    ("missing_input", body(inputs=[first()]), ["INPUT1", "simple"]),
    ("binary_size_is_a_string", two(data=..., parameters={"binary_data_size": "64"}), ["binary_data_size"]),
    ("binary_size_is_negative", two(data=..., parameters={"binary_data_size": -1}), ["binary_data_size"]),
    ("binary_size_is_a_fraction", two(data=..., parameters={"binary_data_size": 0.5}), ["binary_data_size"]),
    ("binary_size_without_the_header", two(data=..., parameters={"binary_data_size": 64}), ["INPUT0"]),
    ("input_parameters_is_an_array", two(parameters=[]), ["parameters", "object"]),
    ("outputs_is_an_object", body(outputs={}), ["outputs", "array"]),
    ("outputs_is_a_string", body(outputs="OUTPUT0"), ["outputs", "array"]),
    ("output_is_a_string", body(outputs=["OUTPUT0"]), ["outputs", "object"]),
    ("output_without_a_name", body(outputs=[{}]), ["name"]),
    ("output_name_is_a_number", body(outputs=[{"name": 0}]), ["name", "string"]),
    ("unknown_output", body(outputs=[{"name": "NOPE"}]), ["NOPE", "simple"]),
    ("same_output_twice", body(outputs=[{"name": "OUTPUT0"}, {"name": "OUTPUT0"}]), ["OUTPUT0"]),
    (
        "binary_data_is_a_string",
        body(outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": "yes"}}]),
        ["binary_data"],
    ),
    ("output_parameters_is_a_number", body(outputs=[{"name": "OUTPUT0", "parameters": 1}]), ["parameters", "object"]),
    ("parameters_is_an_array", body(parameters=[]), ["parameters", "object"]),
    ("parameters_is_a_string", body(parameters="a"), ["parameters", "object"]),
    ("parameter_is_an_object", body(parameters={"mine": {}}), ["mine"]),
    ("parameter_is_an_array", body(parameters={"mine": [1]}), ["mine"]),
    ("reserved_parameter", body(parameters={"triton_a": 1}), ["triton_"]),
    ("binary_data_output_is_a_string", body(parameters={"binary_data_output": "yes"}), ["binary_data_output"]),
    ("priority_is_a_string", body(parameters={"priority": "high"}), ["priority"]),
    ("timeout_is_negative", body(parameters={"timeout": -5}), ["timeout"]),
    ("sequence_start_is_a_number", body(parameters={"sequence_start": 1}), ["sequence_start"]),
]


def assert_still_serving(daemon):
    assert wire.infer(daemon.http, "simple", body()).status == 200


@pytest.mark.parametrize("content, words", [pytest.param(*case[1:], id=case[0]) for case in JSON_CASES])
def test_a_malformed_json_request_is_400_and_says_what_is_wrong(daemon, content, words):
    answer = wire.infer(daemon.http, "simple", content)

    assert answer.status == 400, answer.body[:300]
    assert [word for word in words if word not in answer.error()] == [], answer.error()
    assert_still_serving(daemon)


def test_a_message_never_repeats_a_long_input_whole(daemon):
    answer = wire.infer(daemon.http, "simple", two(datatype="X" * 100_000))

    assert answer.status == 400
    assert len(answer.body) < 10_000


def test_the_same_key_twice_is_refused_or_one_of_them_is_taken(daemon):
    text = json.dumps(body())[:-1] + ', "inputs": 1}'

    assert wire.infer(daemon.http, "simple", text).status in (200, 400)
    assert_still_serving(daemon)


# ---- binary requests

BINARY = {
    "inputs": [
        {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "parameters": {"binary_data_size": 64}},
        SECOND,
    ]
}
BINARY_TEXT = json.dumps(BINARY).encode()


def binary_size(size):
    return {
        "inputs": [
            {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "parameters": {"binary_data_size": size}},
            SECOND,
        ]
    }


BINARY_CASES = [
    ("no_bytes", BINARY, b"", None, ["INPUT0", "64"]),
    ("one_byte_too_few", BINARY, b"\0" * 63, None, ["INPUT0", "1 additional"]),
    ("one_byte_too_many", BINARY, b"\0" * 65, None, ["additional"]),
    ("size_smaller_than_the_shape", binary_size(60), b"\0" * 60, None, ["INPUT0", "64", "60"]),
    ("size_larger_than_the_shape", binary_size(68), b"\0" * 68, None, ["INPUT0", "64", "68"]),
    ("size_of_zero", binary_size(0), b"", None, ["INPUT0", "64", "0"]),
    ("size_beyond_memory", binary_size(2**62), b"", None, ["INPUT0"]),
    ("size_over_uint64", binary_size(2**64), b"", None, ["binary_data_size"]),
    ("header_length_is_text", BINARY, b"\0" * 64, "abc", ["Inference-Header-Content-Length", "abc"]),
    ("header_length_is_empty", BINARY, b"\0" * 64, "", ["Inference-Header-Content-Length"]),
    ("header_length_is_negative", BINARY, b"\0" * 64, -1, ["-1"]),
    ("header_length_beyond_the_body", BINARY, b"\0" * 64, 10**6, ["1000000"]),
    ("header_length_overflows", BINARY, b"\0" * 64, 2**64 + 5, [str(2**64 + 5)]),
    ("header_length_with_garbage", BINARY, b"\0" * 64, f"{len(BINARY_TEXT)}x", ["Inference-Header-Content-Length"]),
    ("header_length_in_hexadecimal", BINARY, b"\0" * 64, "0x10", ["Inference-Header-Content-Length", "0x10"]),
    ("header_length_cuts_the_json", BINARY, b"\0" * 64, 20, ["JSON"]),
    ("header_length_eats_the_bytes", BINARY, b"\0" * 64, len(BINARY_TEXT) + 64, []),
]


@pytest.mark.parametrize("header, blob, length, words", [pytest.param(*case[1:], id=case[0]) for case in BINARY_CASES])
def test_a_malformed_binary_request_is_400_and_says_what_is_wrong(daemon, header, blob, length, words):
    answer = wire.infer_binary(daemon.http, "simple", header, blob, header_length=length)

    assert answer.status == 400, answer.body[:300]
    assert [word for word in words if word not in answer.error()] == [], answer.error()
    assert_still_serving(daemon)


BYTES_CASES = [
    ("length_beyond_the_end", b"\xff\xff\xff\xff", ["INPUT0"]),
    ("length_without_its_bytes", b"\x05\0\0\0ab", ["INPUT0"]),
    ("half_a_length", b"\x01\0", ["INPUT0"]),
    ("one_element_too_few", wire.bytes_tensor(b"a"), ["INPUT0", "2"]),
    ("one_element_too_many", wire.bytes_tensor(b"a", b"b", b"c"), ["INPUT0", "2"]),
    ("bytes_after_the_last_element", wire.bytes_tensor(b"a", b"b") + b"\0", ["INPUT0"]),
]


@pytest.mark.parametrize("blob, words", [pytest.param(*case[1:], id=case[0]) for case in BYTES_CASES])
def test_malformed_bytes_elements_are_400_and_name_the_input(daemon, blob, words):
    header = {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 2], binary_data_size=len(blob))]}

    answer = wire.infer_binary(daemon.http, "identity_bytes", header, blob)

    assert answer.status == 400, answer.body[:300]
    assert [word for word in words if word not in answer.error()] == [], answer.error()
    assert_still_serving(daemon)


def test_a_bool_that_is_neither_0_nor_1_is_400_or_read_as_true(daemon):
    header = {"inputs": [wire.tensor("INPUT0", "BOOL", [1, 2], binary_data_size=2)]}

    answer = wire.infer_binary(daemon.http, "identity_bool", header, b"\x02\xff")

    assert answer.status == 400 or answer.json()["outputs"][0]["data"] == [True, True]
    assert_still_serving(daemon)


# ---- HTTP itself

GOOD = json.dumps(body()).encode()


def http_post(headers, content=GOOD, line=b"POST /v2/models/simple/infer HTTP/1.1"):
    return line + b"\r\n" + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + content


HOST = b"Host: localhost"
LENGTH = b"Content-Length: %d" % len(GOOD)
CHUNKED = b"Transfer-Encoding: chunked"

# name, bytes, statuses that are right
RAW_CASES = [
    ("length_is_text", http_post([HOST, b"Content-Length: abc"]), (400,)),
    ("length_is_negative", http_post([HOST, b"Content-Length: -1"]), (400,)),
    ("length_has_a_plus", http_post([HOST, b"Content-Length: +%d" % len(GOOD)]), (400,)),
    ("length_is_hexadecimal", http_post([HOST, b"Content-Length: 0x10"]), (400,)),
    ("length_overflows", http_post([HOST, b"Content-Length: 99999999999999999999999"]), (400, 413)),
    ("length_is_a_list", http_post([HOST, b"Content-Length: 5, 6"]), (400,)),
    ("two_different_lengths", http_post([HOST, LENGTH, b"Content-Length: 5"]), (400,)),
    ("length_and_chunked", http_post([HOST, LENGTH, CHUNKED], b"0\r\n\r\n"), (400,)),
    ("chunked_and_length", http_post([HOST, CHUNKED, b"Content-Length: 3"], b"0\r\n\r\n"), (400,)),
    ("unknown_transfer_encoding", http_post([HOST, b"Transfer-Encoding: brotli"], b""), (400, 501)),
    ("chunked_not_last", http_post([HOST, b"Transfer-Encoding: chunked, gzip"], b"0\r\n\r\n"), (400, 501)),
    ("chunked_twice", http_post([HOST, b"Transfer-Encoding: chunked, chunked"], b"0\r\n\r\n"), (400, 501)),
    ("chunk_size_is_text", http_post([HOST, CHUNKED], b"xyz\r\nabc\r\n0\r\n\r\n"), (400,)),
    ("chunk_size_is_negative", http_post([HOST, CHUNKED], b"-5\r\nabcde\r\n0\r\n\r\n"), (400,)),
    ("chunk_size_overflows", http_post([HOST, CHUNKED], b"FFFFFFFFFFFFFFFFF\r\nabc\r\n"), (400, 413)),
    ("chunk_size_over_the_limit", http_post([HOST, CHUNKED], b"7FFFFFFFFFFFFFFF\r\nabc\r\n"), (400, 413)),
    ("chunk_without_its_end", http_post([HOST, CHUNKED], b"3\r\nabcX\r\n0\r\n\r\n"), (400,)),
    ("body_over_the_limit", http_post([HOST, b"Content-Length: 100000000000"], b"{"), (400, 413)),
    ("no_host", http_post([LENGTH]), (400,)),
    ("two_hosts", http_post([HOST, b"Host: evil.example", LENGTH]), (400, 403)),
    ("host_is_empty", http_post([b"Host: ", LENGTH]), (400, 403)),
    ("no_version", b"GET /v2/health/live\r\n\r\n", (400,)),
    ("unknown_version", b"GET /v2/health/live HTTP/9.9\r\nHost: localhost\r\n\r\n", (400, 505)),
    ("version_is_text", b"GET /v2/health/live HTTP/abc\r\nHost: localhost\r\n\r\n", (400,)),
    ("http_2_preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505)),
    ("no_path", b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404)),
    ("garbage", b"\x00\x01\x02\x03\r\n\r\n", (400,)),
    ("tls_hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400,)),
    ("method_with_a_control_character", b"G\x01T /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", (400,)),
    ("unknown_method", b"BREW /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 405, 501)),
    ("header_without_a_colon", http_post([HOST, b"Nonsense", LENGTH]), (400,)),
    ("header_name_with_a_blank", http_post([HOST, b"Bad Name: 1", LENGTH]), (400,)),
    ("header_with_a_blank_before_the_colon", http_post([HOST, b"Content-Length : %d" % len(GOOD)]), (400,)),
    ("header_with_a_null", http_post([HOST, b"X: a\x00b", LENGTH]), (400,)),
    ("header_with_a_bare_carriage_return", http_post([HOST, b"X: a\rb", LENGTH]), (400,)),
    ("header_folded_over_lines", http_post([HOST, b"X: a\r\n b", LENGTH]), (400, 200)),
    ("one_huge_header", http_post([HOST, b"X: " + b"a" * 2_000_000, LENGTH]), (400, 431)),
    ("very_many_headers", http_post([HOST] + [b"X-%d: 1" % n for n in range(50_000)] + [LENGTH]), (400, 431)),
    ("very_long_path", b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 414, 431)),
    ("path_with_a_control_character", b"GET /v2/\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404)),
    ("expect_something_else", http_post([HOST, b"Expect: a-wonder", LENGTH]), (417, 400, 200)),
]


@pytest.mark.parametrize("raw, statuses", [pytest.param(*case[1:], id=case[0]) for case in RAW_CASES])
def test_malformed_http_is_answered_with_a_client_error_and_the_server_goes_on(daemon, raw, statuses):
    answer = wire.exchange(daemon.http, raw)

    assert answer is not None, "the connection was closed without an answer"
    assert answer.status in statuses, answer.body[:300]
    if answer.status != 200:
        assert answer.error()
    assert_still_serving(daemon)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: localhost\r\n", id="half_a_header"),
        pytest.param(http_post([HOST, b"Content-Length: 1000"], b"{"), id="half_a_body"),
        pytest.param(http_post([HOST, CHUNKED], b"5\r\nab"), id="half_a_chunk"),
    ],
)
def test_a_client_that_stops_half_way_is_let_go(daemon, raw):
    answer = wire.exchange(daemon.http, raw, half_close=True)

    assert answer is None or 400 <= answer.status < 500
    assert_still_serving(daemon)


def test_what_follows_a_refused_request_is_not_read_as_a_second_request(daemon):
    smuggled = b"0\r\n\r\nGET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    raw = http_post([HOST, LENGTH, CHUNKED], smuggled)

    answer = wire.exchange(daemon.http, raw)

    assert answer.status == 400
    assert (answer.headers["Connection"] or "").lower() == "close"


def test_a_body_in_chunks_is_served(daemon):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:10], GOOD[10:11], GOOD[11:]))

    answer = wire.exchange(daemon.http, http_post([HOST, CHUNKED], chunks + b"0\r\n\r\n"))

    assert answer.status == 200, answer.body


def test_a_request_in_single_bytes_is_served(daemon):
    import socket

    host, port = daemon.http.rsplit(":", 1)
    raw = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(raw)):
            connection.sendall(raw[position : position + 1])
        received = b""
        while chunk := connection.recv(65536):
            received += chunk

    assert received.startswith(b"HTTP/1.1 200")


def test_two_requests_in_one_packet_are_both_answered_in_order(daemon):
    import socket

    host, port = daemon.http.rsplit(":", 1)
    last = b"GET /v2/models/simple HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    raw = http_post([HOST, LENGTH]) + b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" + last
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(raw)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk

    assert received.count(b"HTTP/1.1 200") == 3
    assert received.index(b'"outputs"') < received.index(b'"platform"')


def test_expect_100_continue_is_answered_before_the_body(daemon):
    import socket

    host, port = daemon.http.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(http_post([HOST, LENGTH, b"Expect: 100-continue", b"Connection: close"], b""))
        assert connection.recv(65536).startswith(b"HTTP/1.1 100")
        connection.sendall(GOOD)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk

    assert b"HTTP/1.1 200" in received


def test_an_http_1_0_request_is_answered_and_the_connection_closed(daemon):
    import socket

    host, port = daemon.http.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /v2/health/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
        received = b""
        while chunk := connection.recv(65536):
            received += chunk

    assert b" 200 " in received.split(b"\r\n")[0]


def test_a_json_body_over_the_limit_is_refused_with_both_sizes(private_daemon):
    daemon = private_daemon("identity_fp32")
    content = b'{"inputs":[' + b" " * (65 * 1024 * 1024)

    answer = wire.exchange(
        daemon.http,
        http_post(
            [HOST, b"Content-Length: %d" % len(content)], content, b"POST /v2/models/identity_fp32/infer HTTP/1.1"
        ),
    )

    assert answer is not None
    assert answer.status in (400, 413)
    assert str(64 * 1024 * 1024) in answer.error()
    assert daemon.is_running()
