"""The HTTP requests that both servers get: every right call and every mistake of the tables of the protocol."""

import gzip
import json
import struct
import zlib

import wire
from exchange import Grpc, Http, Raw
from tritonclient.grpc import service_pb2

ROW = list(range(16))
ROW_BYTES = struct.pack("<16i", *ROW)


def first(**changes):
    """A good input INPUT0 of `simple` with some fields changed; a field set to `...` is left out."""
    entry = {"name": "INPUT0", "datatype": "INT32", "shape": [1, 16], "data": ROW, **changes}
    return {key: value for key, value in entry.items() if value is not ...}


SECOND = first(name="INPUT1", data=[1] * 16)


def infer(name, body, model="simple", version=None, headers=None):
    middle = f"/versions/{version}" if version is not None else ""
    return Http(name, "POST", f"/v2/models/{model}{middle}/infer", body, headers or {})


def with_first(case, /, **changes):
    return infer(case, {"inputs": [first(**changes), SECOND]})


def body(**changes):
    whole = {"inputs": [first(), SECOND], **changes}
    return {key: value for key, value in whole.items() if value is not ...}


def one_input(name, model, datatype, shape, data, outputs=..., **parameters):
    entry = wire.tensor("INPUT0", datatype, shape, data, **parameters)
    whole = {"inputs": [entry]} if outputs is ... else {"inputs": [entry], "outputs": outputs}
    return infer(name, whole, model)


def binary(name, header, *blobs, model="simple", length=None, headers=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    given = {"Inference-Header-Content-Length": str(len(text) if length is None else length), **(headers or {})}
    return infer(name, text + b"".join(blobs), model, headers=given)


def binary_first(size, **changes):
    return {"inputs": [first(data=..., parameters={"binary_data_size": size}, **changes), SECOND]}


def binary_identity(name, datatype, shape, blob, **whole):
    header = {"inputs": [wire.tensor("INPUT0", datatype, shape, binary_data_size=len(blob))], **whole}
    return binary(name, header, blob, model=f"identity_{datatype.lower()}")


JSON_VALUES = {
    "BOOL": [True, False],
    "UINT8": [0, 255],
    "UINT16": [0, 65535],
    "UINT32": [0, 2**32 - 1],
    "UINT64": [0, 2**64 - 1],
    "INT8": [-128, 127],
    "INT16": [-32768, 32767],
    "INT32": [-(2**31), 2**31 - 1],
    "INT64": [-(2**63), 2**63 - 1],
    "FP16": [0.5, -2],
    "BF16": [0.5, -2],
    "FP32": [0.5, -2],
    "FP64": [0.1, 1e300],
    "BYTES": ["", "h\u00e9llo \u20ac"],
}

BINARY_VALUES = {
    "BOOL": b"\x01\x00",
    "UINT8": b"\x00\xff",
    "UINT16": b"\x00\x00\xff\xff",
    "UINT32": b"\x00" * 4 + b"\xff" * 4,
    "UINT64": b"\x00" * 8 + b"\xff" * 8,
    "INT8": b"\x80\x7f",
    "INT16": b"\x00\x80\xff\x7f",
    "INT32": struct.pack("<2i", -5, 5),
    "INT64": struct.pack("<2q", -(2**63), 2**63 - 1),
    "FP16": struct.pack("<2e", 0.5, -2),
    "BF16": b"\x00\x3f\x00\xc0",
    "FP32": struct.pack("<2f", 0.5, float("nan")),
    "FP64": struct.pack("<2d", 0.1, float("inf")),
    "BYTES": wire.bytes_tensor(b"", b"\xff\x00raw"),
}

RIGHT_INFERENCES = [
    infer("simple", body()),
    infer("simple_with_id", body(id="42")),
    infer("simple_with_an_empty_id", body(id="")),
    infer("simple_with_an_id_of_every_kind_of_letter", body(id='"\\\u20ac\n')),
    infer("simple_by_version", body(), version=1),
    with_first("nested_data", data=[ROW]),
    with_first("deeply_nested_data", data=[[[ROW[:8]], [ROW[8:]]]]),
    with_first("data_before_shape", data=ROW, shape=[1, 16]),
    infer(
        "batch_of_two",
        {"inputs": [first(shape=[2, 16], data=ROW * 2), first(name="INPUT1", shape=[2, 16], data=ROW * 2)]},
    ),
    infer(
        "largest_batch",
        {"inputs": [first(shape=[8, 16], data=ROW * 8), first(name="INPUT1", shape=[8, 16], data=ROW * 8)]},
    ),
    infer("inputs_in_the_other_order", {"inputs": [SECOND, first()]}),
    infer("an_unknown_key_is_ignored", body(model_name="other", anything={"a": [1]})),
    infer("one_output_asked_for", body(outputs=[{"name": "OUTPUT1"}])),
    infer("outputs_in_the_other_order", body(outputs=[{"name": "OUTPUT1"}, {"name": "OUTPUT0"}])),
    infer("no_output_asked_for", body(outputs=[])),
    infer("one_output_twice", body(outputs=[{"name": "OUTPUT0"}, {"name": "OUTPUT0"}])),
    infer("parameters_of_the_request", body(parameters={"custom": "x", "number": 3, "flag": True, "real": 0.5})),
    infer("priority_and_timeout", body(parameters={"priority": 0, "timeout": 1_000_000})),
    infer("binary_output_by_the_request", body(parameters={"binary_data_output": True})),
    infer("no_binary_output_by_the_request", body(parameters={"binary_data_output": False})),
    infer(
        "binary_output_by_the_output",
        body(outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": True}}, {"name": "OUTPUT1"}]),
    ),
    infer(
        "binary_by_the_request_not_by_the_output",
        body(
            parameters={"binary_data_output": True},
            outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": False}}, {"name": "OUTPUT1"}],
        ),
    ),
    infer(
        "binary_output_by_the_request_for_a_named_output",
        body(parameters={"binary_data_output": True}, outputs=[{"name": "OUTPUT0"}]),
    ),
    binary("binary_first_input", binary_first(64), ROW_BYTES),
    binary("binary_both_ways", {**binary_first(64), "parameters": {"binary_data_output": True}}, ROW_BYTES),
    binary("binary_header_without_blobs", body()),
    one_input("fixed_shape", "fixed", "INT32", [2, 3], [1, 2, 3, 4, 5, 6]),
    one_input("nested_as_the_shape", "fixed", "INT32", [2, 3], [[1, 2, 3], [4, 5, 6]]),
    one_input("batched_variable_row", "batched", "FP32", [2, 3], [1, 2, 3, 4, 5, 6.5]),
    one_input("batched_bytes", "batched_bytes", "BYTES", [2, 1], ["a", "bc"]),
    one_input("no_elements", "identity_fp32", "FP32", [0, 4], []),
    one_input(
        "no_elements_binary",
        "identity_fp32",
        "FP32",
        [0, 4],
        [],
        outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": True}}],
    ),
    one_input("float_given_as_an_integer", "identity_fp32", "FP32", [1, 2], [1, 2]),
    one_input("float_beyond_fp32", "identity_fp32", "FP32", [1, 1], [1e300]),
    one_input("double_written_as_a_large_integer", "identity_fp64", "FP64", [1, 1], [10**20]),
    infer("large_integer_under_an_unknown_key", body(anything=10**20)),
    one_input("small_float", "identity_fp32", "FP32", [1, 3], [1e-45, 1e-7, 1.17549435e-38]),
    one_input("float_digits", "identity_fp32", "FP32", [1, 4], [0.1, 16777216, 3.14159274, 1e20]),
    one_input("double_digits", "identity_fp64", "FP64", [1, 4], [0.1, 1e22, 123456789.125, -0.0]),
    one_input("minus_zero", "identity_fp32", "FP32", [1, 1], [-0.0]),
    one_input("escaped_string", "identity_bytes", "BYTES", [1, 3], ['"', "\\", "\n\t\u0001"]),
    one_input("string_beyond_the_basic_plane", "identity_bytes", "BYTES", [1, 1], ["\U0001f600"]),
    infer("latest_of_two_versions", {"inputs": [wire.tensor("x", "FP32", [1], [1.0])]}, "two_versions"),
    infer("version_1_of_two", {"inputs": [wire.tensor("x", "FP32", [1], [1.0])]}, "two_versions", 1),
    infer("version_3_of_two", {"inputs": [wire.tensor("x", "FP32", [1], [1.0])]}, "two_versions", 3),
    infer("version_with_leading_zeros", {"inputs": [wire.tensor("x", "FP32", [1], [1.0])]}, "two_versions", "01"),
    infer("not_a_number_in_an_answer", {"inputs": [wire.tensor("x", "FP32", [2], [-1.0, 0.0])]}, "nonfinite"),
    infer("content_type_of_something_else", body(), headers={"Content-Type": "text/plain"}),
    Http("query_string", "POST", "/v2/models/simple/infer?x=1", body()),
    *[
        one_input(f"json_{datatype.lower()}", f"identity_{datatype.lower()}", datatype, [1, 2], values)
        for datatype, values in JSON_VALUES.items()
    ],
    *[
        binary_identity(f"binary_{datatype.lower()}", datatype, [1, 2], blob, parameters={"binary_data_output": True})
        for datatype, blob in BINARY_VALUES.items()
    ],
    *[
        binary_identity(f"binary_in_json_out_{datatype.lower()}", datatype, [1, 2], BINARY_VALUES[datatype])
        for datatype in ("FP16", "BF16", "FP32", "FP64", "BYTES", "INT64", "BOOL")
    ],
]

RAW_BINARY = [
    infer("raw_fixed", struct.pack("<6i", *range(6)), "fixed", headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_batched", struct.pack("<3f", 1, 2, 3), "batched", headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_bytes", b"any bytes", "batched_bytes", headers={"Inference-Header-Content-Length": "0"}),
    infer(
        "raw_of_two_variable_dimensions", b"\0" * 8, "identity_fp32", headers={"Inference-Header-Content-Length": "0"}
    ),
    infer("raw_of_two_inputs", ROW_BYTES, headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_too_short", b"\0" * 20, "fixed", headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_of_no_whole_elements", b"\0" * 7, "batched", headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_empty", b"", "fixed", headers={"Inference-Header-Content-Length": "0"}),
    infer("raw_of_an_unknown_model", b"\0" * 8, "nope", headers={"Inference-Header-Content-Length": "0"}),
]

NO_JSON = [
    infer("no_json", b"this is no JSON"),
    infer("cut_off_json", b'{"inputs":[{"name":"INPUT0"'),
    infer("empty_body", b""),
    infer("only_blanks", b"  \r\n "),
    infer("trailing_garbage", b'{"inputs":[]}x'),
    infer("trailing_comma", b'{"inputs":[],}'),
    infer("single_quotes", b"{'inputs':[]}"),
    infer("array_at_the_top", b"[]"),
    infer("string_at_the_top", b'"inputs"'),
    infer("number_at_the_top", b"1"),
    infer("null_at_the_top", b"null"),
    infer("bare_nan", b'{"inputs":[{"name":"INPUT0","datatype":"FP32","shape":[1,1],"data":[NaN]}]}', "identity_fp32"),
    infer("invalid_utf8", b'{"inputs":[{"name":"\xff\xfe","datatype":"INT32","shape":[1,16],"data":[1]}]}'),
]

WRONG_FIELDS = [
    infer("no_inputs", body(inputs=...)),
    infer("inputs_is_null", body(inputs=None)),
    infer("inputs_is_an_object", body(inputs={})),
    infer("inputs_is_a_string", body(inputs="INPUT0")),
    infer("input_is_a_number", body(inputs=[1])),
    infer("no_input_at_all", body(inputs=[])),
    infer("id_is_a_number", body(id=42)),
    infer("id_is_an_array", body(id=[])),
    infer("id_is_null", body(id=None)),
    with_first("no_name", name=...),
    with_first("name_is_a_number", name=1),
    with_first("name_is_empty", name=""),
    with_first("no_datatype", datatype=...),
    with_first("datatype_is_a_number", datatype=32),
    with_first("datatype_is_unknown", datatype="INT99"),
    with_first("datatype_in_lower_case", datatype="int32"),
    with_first("datatype_is_empty", datatype=""),
    with_first("no_shape", shape=...),
    with_first("shape_is_a_number", shape=16),
    with_first("shape_is_a_string", shape="[1,16]"),
    with_first("shape_has_a_string", shape=["1", 16]),
    with_first("shape_has_a_fraction", shape=[1, 16.5]),
    with_first("shape_has_null", shape=[None, 16]),
    with_first("shape_is_negative", shape=[-1, 16]),
    with_first("shape_overflows", shape=[2**40, 2**40]),
    # Not [2**61, 2], whose bytes overflow: the real server dies of it.
    with_first("shape_over_int64", shape=[2**63, 1]),
    with_first("shape_is_empty", shape=[], data=[1]),
    with_first("too_few_elements", data=ROW[:15]),
    with_first("too_many_elements", data=ROW + [1]),
    with_first("ragged_data", data=[ROW[:8], ROW[:7]]),
    with_first("no_data", data=...),
    with_first("data_is_null", data=None),
    with_first("data_is_a_number", data=1),
    with_first("data_is_an_object", data={"0": 1}),
    with_first("data_is_a_string", data="1,2"),
    with_first("data_has_strings", data=["1"] * 16),
    with_first("data_has_bools", data=[True] * 16),
    with_first("data_has_fractions", data=[0.5] * 16),
    with_first("data_has_null", data=[None] * 16),
    with_first("data_has_objects", data=[{}] * 16),
    with_first("data_out_of_range", data=[2**31] * 16),
    with_first("data_below_the_range", data=[-(2**31) - 1] * 16),
    one_input("uint8_out_of_range", "identity_uint8", "UINT8", [1, 1], [256]),
    one_input("negative_unsigned", "identity_uint32", "UINT32", [1, 1], [-1]),
    one_input("bool_from_a_number", "identity_bool", "BOOL", [1, 1], [1]),
    one_input("string_from_a_number", "identity_bytes", "BYTES", [1, 1], [1]),
    one_input("float_from_a_string", "identity_fp32", "FP32", [1, 1], ["NaN"]),
    infer("parameters_is_a_number", body(parameters=1)),
    infer("parameters_is_an_array", body(parameters=[])),
    infer("parameter_is_null", body(parameters={"custom": None})),
    infer("parameter_is_an_object", body(parameters={"custom": {}})),
    infer("reserved_parameter", body(parameters={"triton_x": 1})),
    infer("parameter_headers", body(parameters={"headers": "x"})),
    infer("binary_data_output_is_a_string", body(parameters={"binary_data_output": "yes"})),
    infer("priority_is_a_string", body(parameters={"priority": "high"})),
    infer("priority_is_negative", body(parameters={"priority": -1})),
    infer("timeout_is_a_string", body(parameters={"timeout": "1s"})),
    infer("timeout_is_negative", body(parameters={"timeout": -1})),
    infer("sequence_id_is_a_bool", body(parameters={"sequence_id": True})),
    infer("sequence_start_is_a_number", body(parameters={"sequence_start": 1})),
    infer("outputs_is_an_object", body(outputs={})),
    infer("outputs_is_null", body(outputs=None)),
    infer("output_is_a_string", body(outputs=["OUTPUT0"])),
    infer("output_without_a_name", body(outputs=[{}])),
    infer("output_name_is_a_number", body(outputs=[{"name": 1}])),
    infer("output_parameters_is_a_number", body(outputs=[{"name": "OUTPUT0", "parameters": 1}])),
    infer("binary_data_is_a_string", body(outputs=[{"name": "OUTPUT0", "parameters": {"binary_data": "yes"}}])),
    infer("unknown_output", body(outputs=[{"name": "NOPE"}])),
    with_first("input_parameters_is_a_number", parameters=1),
    with_first("data_and_binary_size", parameters={"binary_data_size": 64}),
    with_first(
        "shared_memory_of_an_unknown_region",
        data=...,
        parameters={"shared_memory_region": "r", "shared_memory_byte_size": 64},
    ),
    with_first("data_and_shared_memory", parameters={"shared_memory_region": "r", "shared_memory_byte_size": 64}),
    infer(
        "output_in_shared_memory",
        body(outputs=[{"name": "OUTPUT0", "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 64}}]),
    ),
    infer("classification", body(outputs=[{"name": "OUTPUT0", "parameters": {"classification": 2}}])),
]

AGAINST_THE_MODEL = [
    infer("unknown_model", body(), "nope"),
    infer("unknown_version", body(), version=9),
    infer("version_outside_the_policy", {"inputs": [wire.tensor("x", "FP32", [1], [1.0])]}, "latest_version", 1),
    infer("version_zero", body(), version=0),
    infer("version_over_int64", body(), version=2**63),
    infer("version_that_is_no_number", body(), version="abc"),
    infer(
        "decoupled_model",
        {
            "inputs": [
                wire.tensor("IN", "INT32", [1], [1]),
                wire.tensor("DELAY", "UINT32", [1], [0]),
                wire.tensor("WAIT", "UINT32", [1], [0]),
            ]
        },
        "repeat",
    ),
    infer("decoupled_model_and_no_json", b"{", "repeat"),
    infer("unknown_model_and_no_json", b"{", "nope"),
    infer("wrong_type", {"id": "7", "inputs": [first(datatype="FP32", data=[0.5] * 16), SECOND]}),
    infer("wrong_type_without_id", {"inputs": [first(datatype="FP32", data=[0.5] * 16), SECOND]}),
    infer("wrong_row", {"id": "7", "inputs": [first(shape=[1, 17], data=ROW + [1]), SECOND]}),
    infer(
        "wrong_row_of_both",
        {"inputs": [first(shape=[1, 17], data=ROW + [1]), first(name="INPUT1", shape=[1, 17], data=ROW + [1])]},
    ),
    infer("missing_batch_dimension", {"inputs": [first(shape=[16]), first(name="INPUT1", shape=[16])]}),
    infer("one_dimension_too_many", {"inputs": [first(shape=[1, 1, 16]), first(name="INPUT1", shape=[1, 1, 16])]}),
    infer(
        "batch_too_large",
        {"id": "7", "inputs": [first(shape=[9, 16], data=ROW * 9), first(name="INPUT1", shape=[9, 16], data=ROW * 9)]},
    ),
    infer("batch_of_none", {"inputs": [first(shape=[0, 16], data=[]), first(name="INPUT1", shape=[0, 16], data=[])]}),
    infer("batches_that_differ", {"inputs": [first(), first(name="INPUT1", shape=[2, 16], data=ROW * 2)]}),
    infer("missing_input", {"id": "7", "inputs": [first()]}),
    infer("missing_input_without_id", {"inputs": [SECOND]}),
    infer("unknown_input", {"inputs": [first(), SECOND, first(name="EXTRA")]}),
    infer("unknown_input_instead", {"inputs": [first(), first(name="EXTRA")]}),
    infer("same_input_twice", {"inputs": [first(), first()]}),
    infer("same_input_thrice", {"inputs": [first(), first(), SECOND]}),
    one_input("fixed_wrong_shape", "fixed", "INT32", [3, 2], [1, 2, 3, 4, 5, 6]),
    one_input("fixed_wrong_rank", "fixed", "INT32", [6], [1, 2, 3, 4, 5, 6]),
    one_input("fixed_with_a_batch_dimension", "fixed", "INT32", [1, 2, 3], [1, 2, 3, 4, 5, 6]),
    one_input("variable_wrong_rank", "identity_fp32", "FP32", [2], [1, 2]),
    one_input("batched_too_large", "batched", "FP32", [5, 1], [1, 2, 3, 4, 5]),
    one_input("batched_without_batch", "batched", "FP32", [1], [1]),
    one_input("bytes_for_numbers", "identity_int32", "BYTES", [1, 1], ["1"]),
    one_input("numbers_for_bytes", "identity_bytes", "INT32", [1, 1], [1]),
]

BINARY_MISTAKES = [
    binary("binary_too_few_bytes", binary_first(64), ROW_BYTES[:60]),
    binary("binary_no_bytes", binary_first(64)),
    binary("binary_left_over_bytes", binary_first(64), ROW_BYTES + b"\0"),
    binary("binary_left_over_without_blobs", body(), b"abc"),
    binary("binary_size_smaller_than_the_shape", {"id": "7", **binary_first(60)}, ROW_BYTES[:60]),
    binary("binary_size_larger_than_the_shape", binary_first(68), ROW_BYTES + b"\0" * 4),
    binary("binary_size_zero", binary_first(0)),
    binary("binary_size_negative", binary_first(-1)),
    binary("binary_size_is_a_string", binary_first("64"), ROW_BYTES),
    binary("binary_size_is_a_fraction", binary_first(64.5), ROW_BYTES),
    binary("binary_size_is_huge", binary_first(2**63), ROW_BYTES),
    infer("binary_size_without_header", json.dumps(binary_first(64)).encode() + ROW_BYTES),
    infer("binary_size_and_no_blob_without_header", binary_first(64)),
    binary("header_length_beyond_the_body", b"{}", length=100),
    binary("header_length_is_no_number", b"{}", length="abc"),
    binary("header_length_is_negative", b"{}", length=-1),
    binary("header_length_has_a_tail", b"{}", length="2x"),
    binary("header_length_is_a_fraction", b"{}", length="1.5"),
    binary("header_length_is_huge", b"{}", length=2**64),
    binary("header_length_too_short", body(), length=10),
    binary(
        "bytes_length_beyond_the_end",
        {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], binary_data_size=6)]},
        b"\xff\xff\xff\xffab",
        model="identity_bytes",
    ),
    binary(
        "bytes_without_a_whole_length",
        {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], binary_data_size=1)]},
        b"\x01",
        model="identity_bytes",
    ),
    binary(
        "bytes_too_few_elements",
        {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 2], binary_data_size=7)]},
        wire.bytes_tensor(b"one"),
        model="identity_bytes",
    ),
    binary(
        "bytes_too_many_elements",
        {"inputs": [wire.tensor("INPUT0", "BYTES", [1, 1], binary_data_size=14)]},
        wire.bytes_tensor(b"one", b"two"),
        model="identity_bytes",
    ),
]

WHOLE = json.dumps(body()).encode()

COMPRESSION = [
    infer("gzip_request", gzip.compress(WHOLE, mtime=0), headers={"Content-Encoding": "gzip"}),
    infer("deflate_request", zlib.compress(WHOLE), headers={"Content-Encoding": "deflate"}),
    infer("identity_request", WHOLE, headers={"Content-Encoding": "identity"}),
    infer("unknown_encoding", WHOLE, headers={"Content-Encoding": "br"}),
    infer("gzip_that_is_none", WHOLE, headers={"Content-Encoding": "gzip"}),
    infer("gzip_that_is_cut_off", gzip.compress(WHOLE, mtime=0)[:-12], headers={"Content-Encoding": "gzip"}),
    infer("answer_asked_for_as_gzip", body(), headers={"Accept-Encoding": "gzip"}),
    infer("answer_asked_for_as_deflate", body(), headers={"Accept-Encoding": "deflate"}),
    infer("answer_asked_for_as_identity", body(), headers={"Accept-Encoding": "identity"}),
    infer("answer_asked_for_as_unknown", body(), headers={"Accept-Encoding": "br"}),
    infer(
        "large_answer_as_gzip",
        {"inputs": [wire.tensor("INPUT0", "INT32", [1, 4096], [7] * 4096)]},
        "identity_int32",
        headers={"Accept-Encoding": "gzip"},
    ),
    infer(
        "large_answer_by_weights",
        {"inputs": [wire.tensor("INPUT0", "INT32", [1, 4096], [7] * 4096)]},
        "identity_int32",
        headers={"Accept-Encoding": "gzip;q=0.5, deflate;q=0.8"},
    ),
    binary(
        "gzip_request_with_blobs",
        b"",
        length=len(json.dumps(binary_first(64))),
        headers={"Content-Encoding": "gzip"},
    ),
]
COMPRESSION[-1].body = gzip.compress(json.dumps(binary_first(64)).encode() + ROW_BYTES, mtime=0)

METADATA = [
    Http("server_metadata", "GET", "/v2"),
    Http("server_live", "GET", "/v2/health/live"),
    Http("server_ready", "GET", "/v2/health/ready"),
    *[
        Http(f"{what}_of_{name}", "GET", f"/v2/models/{path}{suffix}")
        for what, suffix in (("metadata", ""), ("readiness", "/ready"), ("config", "/config"), ("statistics", "/stats"))
        for name, path in (
            ("simple", "simple"),
            ("a_version", "simple/versions/1"),
            ("two_versions", "two_versions"),
            ("repeat", "repeat"),
            ("bytes", "batched_bytes"),
            ("fixed", "fixed"),
            ("an_unknown_model", "nope"),
            ("an_unknown_version", "simple/versions/9"),
            ("a_version_outside_the_policy", "latest_version/versions/1"),
            ("a_version_that_is_no_number", "simple/versions/abc"),
            ("a_version_over_int64", "simple/versions/9223372036854775808"),
        )
    ],
]

# A model that nothing else asks, so that what it counts can be compared.
COUNTED = [
    one_input("counted_one_row", "counted", "FP32", [1, 2], [1, 2]),
    one_input("counted_one_row_again", "counted", "FP32", [1, 2], [1, 2]),
    one_input("counted_three_rows", "counted", "FP32", [3, 2], [1, 2, 3, 4, 5, 6]),
    Http("statistics_of_the_counted_model", "GET", "/v2/models/counted/stats"),
    one_input("counted_too_many_rows", "counted", "FP32", [5, 1], [1, 2, 3, 4, 5]),
    Http("statistics_of_the_counted_model_after_a_mistake", "GET", "/v2/models/counted/stats"),
    Grpc("grpc_statistics_of_the_counted_model", "ModelStatistics", service_pb2.ModelStatisticsRequest(name="counted")),
]

METHODS_AND_PATHS = [
    Http("root", "GET", "/"),
    Http("unknown_path", "GET", "/v3"),
    Http("v2_with_a_slash", "GET", "/v2/"),
    Http("model_with_a_slash", "GET", "/v2/models/simple/"),
    Http("list_of_models", "GET", "/v2/models"),
    Http("model_without_a_name", "GET", "/v2/models/"),
    Http("unknown_verb_of_a_model", "GET", "/v2/models/simple/nope"),
    Http("double_slash", "GET", "//v2"),
    Http("query_string_is_ignored", "GET", "/v2/health/live?x=1&y"),
    Http("encoded_letter_in_a_name", "GET", "/v2/models/simp%6ce"),
    Http("encoded_slash_in_a_name", "GET", "/v2/models/simple%2Fready"),
    Http("name_with_a_blank", "GET", "/v2/models/a%20b"),
    Http("post_to_live", "POST", "/v2/health/live"),
    Http("post_to_server_metadata", "POST", "/v2"),
    Http("post_to_model_metadata", "POST", "/v2/models/simple"),
    Http("post_to_statistics", "POST", "/v2/models/simple/stats"),
    Http("get_of_infer", "GET", "/v2/models/simple/infer"),
    Http("get_of_infer_of_an_unknown_model", "GET", "/v2/models/nope/infer"),
    Http("put_of_infer", "PUT", "/v2/models/simple/infer", body()),
    Http("delete_of_a_model", "DELETE", "/v2/models/simple"),
    Http("patch_of_a_model", "PATCH", "/v2/models/simple", b"{}"),
    Http("head_of_live", "HEAD", "/v2/health/live"),
    Http("options_of_v2", "OPTIONS", "/v2"),
    Http("get_of_the_index", "GET", "/v2/repository/index"),
    Http("get_of_load", "GET", "/v2/repository/models/simple/load"),
    Http("metrics_on_this_port", "GET", "/metrics"),
    Http("generate", "POST", "/v2/models/simple/generate", {"INPUT0": ROW, "INPUT1": ROW}),
    Http("generate_stream", "POST", "/v2/models/simple/generate_stream", {"INPUT0": ROW, "INPUT1": ROW}),
    Http("trace_settings", "GET", "/v2/trace/setting"),
    Http("trace_settings_of_a_model", "GET", "/v2/models/simple/trace/setting"),
    Http("log_settings", "GET", "/v2/logging"),
    Http("system_shared_memory_status", "GET", "/v2/systemsharedmemory/status"),
    Http("cuda_shared_memory_status", "GET", "/v2/cudasharedmemory/status"),
    Http(
        "system_shared_memory_register",
        "POST",
        "/v2/systemsharedmemory/region/r/register",
        {"key": "/nowhere", "byte_size": 8},
    ),
    Http("system_shared_memory_unregister", "POST", "/v2/systemsharedmemory/unregister"),
    Http("cuda_shared_memory_unregister", "POST", "/v2/cudasharedmemory/unregister"),
]


def chunked(*chunks, path="/v2/models/simple/infer"):
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n"


WIRE = [
    Raw("chunked_body", chunked(WHOLE[:100], WHOLE[100:])),
    Raw("chunked_body_of_single_bytes", chunked(*(WHOLE[i : i + 1] for i in range(len(WHOLE))))),
    Raw("chunked_empty_body", chunked()),
    Raw("http_1_0", b"GET /v2/health/live HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    Raw("post_without_a_length", b"POST /v2/repository/index HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Raw(
        "header_in_lower_case",
        b"POST /v2/models/simple/infer HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%s"
        % (len(WHOLE), WHOLE),
    ),
    Raw("no_http_at_all", b"hello\r\n\r\n"),
    Raw("unknown_method", b"FROB /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Raw(
        "length_that_is_no_number",
        b"POST /v2/repository/index HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ),
    Raw("foreign_host", b"GET /v2/health/live HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    Raw("foreign_origin", b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n"),
]


def load(name, model, body=b"", verb="load"):
    return Http(name, "POST", f"/v2/repository/models/{model}/{verb}", body)


FIXED = {"inputs": [wire.tensor("INPUT0", "INT32", [2, 3], [1, 2, 3, 4, 5, 6])]}

# In this order: they change what is loaded.
REPOSITORY = [
    Http("index", "POST", "/v2/repository/index"),
    Http("index_of_an_empty_object", "POST", "/v2/repository/index", b"{}"),
    Http("index_of_ready_models", "POST", "/v2/repository/index", {"ready": True}),
    Http("index_of_a_repository", "POST", "/v2/repository/other/index"),
    Http("index_of_no_json", "POST", "/v2/repository/index", b"no json"),
    Http("index_of_an_array", "POST", "/v2/repository/index", b"[1]"),
    Http("index_with_ready_as_a_string", "POST", "/v2/repository/index", {"ready": "yes"}),
    load("unload", "changing", verb="unload"),
    Http("index_after_unload", "POST", "/v2/repository/index", until='"unloaded"'),
    Http("readiness_after_unload", "GET", "/v2/models/changing/ready"),
    Http("metadata_after_unload", "GET", "/v2/models/changing"),
    Http("metadata_of_a_version_after_unload", "GET", "/v2/models/changing/versions/1"),
    Http("statistics_after_unload", "GET", "/v2/models/changing/stats"),
    infer("inference_after_unload", FIXED, "changing"),
    infer("inference_of_a_version_after_unload", FIXED, "changing", 1),
    Http("index_of_ready_models_after_unload", "POST", "/v2/repository/index", {"ready": True}),
    load("unload_again", "changing", verb="unload"),
    load("load", "changing"),
    load("load_again", "changing", {}),
    infer("inference_after_load", FIXED, "changing"),
    Http("index_after_load", "POST", "/v2/repository/index"),
    load("unload_with_dependents", "changing", {"parameters": {"unload_dependents": True}}, "unload"),
    Http("index_after_unload_with_dependents", "POST", "/v2/repository/index", until='"unloaded"'),
    load("load_after_unload_with_dependents", "changing"),
    load("load_of_an_unknown_model", "nope"),
    load("unload_of_an_unknown_model", "nope", verb="unload"),
    Http("load_from_a_repository", "POST", "/v2/repository/other/models/simple/load"),
    Http("unload_from_a_repository", "POST", "/v2/repository/other/models/simple/unload"),
    load("load_of_no_json", "simple", b"no json"),
    load("load_of_an_array", "simple", b"[]"),
    load("load_with_parameters_as_a_number", "simple", {"parameters": 1}),
    load("load_with_an_unknown_parameter", "simple", {"parameters": {"nope": "x"}}),
    load("load_with_a_file_and_no_config", "simple", {"parameters": {"file:1/model.x": "AAAA"}}),
    load("load_with_a_config_as_an_object", "simple", {"parameters": {"config": {"name": "simple"}}}),
    load("load_with_a_broken_config", "simple", {"parameters": {"config": "no json"}}),
    load("unload_of_no_json", "nope", b"no json", "unload"),
    load("unload_with_dependents_as_a_string", "nope", {"parameters": {"unload_dependents": "yes"}}, "unload"),
    infer("still_serving_after_all_loads", body()),
]

INFERENCES = [
    *RIGHT_INFERENCES,
    *RAW_BINARY,
    *NO_JSON,
    *WRONG_FIELDS,
    *AGAINST_THE_MODEL,
    *BINARY_MISTAKES,
    *COMPRESSION,
    *METHODS_AND_PATHS,
    *WIRE,
]
