"""The gRPC calls that both servers get: every right call and every mistake of the tables of the protocol."""

import struct

import wire
from exchange import Grpc, Stream
from tritonclient.grpc import service_pb2 as pb

ROW = list(range(16))
RAW = struct.pack("<16i", *ROW)
ONES = struct.pack("<16i", *[1] * 16)


def value(**kind):
    return pb.InferParameter(**kind)


def entry(name, datatype="INT32", shape=(1, 16), parameters=(), **contents):
    message = pb.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    for key, one in dict(parameters).items():
        message.parameters[key].CopyFrom(one)
    if contents:
        message.contents.CopyFrom(pb.InferTensorContents(**contents))
    return message


def output(name, **parameters):
    message = pb.ModelInferRequest.InferRequestedOutputTensor(name=name)
    for key, one in parameters.items():
        message.parameters[key].CopyFrom(one)
    return message


BOTH = (entry("INPUT0"), entry("INPUT1"))
TYPED = (entry("INPUT0", int_contents=ROW), entry("INPUT1", int_contents=[1] * 16))


def request(model="simple", tensors=BOTH, raw=(RAW, ONES), version="", request_id="", outputs=(), parameters=None):
    message = pb.ModelInferRequest(model_name=model, model_version=version, id=request_id, raw_input_contents=list(raw))
    message.inputs.extend(tensors)
    message.outputs.extend(output(one) if isinstance(one, str) else one for one in outputs)
    for key, one in (parameters or {}).items():
        message.parameters[key].CopyFrom(one)
    return message


def infer(name, *arguments, **named):
    return Grpc(f"grpc_{name}", "ModelInfer", request(*arguments, **named))


def identity(name, datatype, shape, raw=None, **contents):
    tensor = entry("INPUT0", datatype, shape, **contents)
    return infer(name, f"identity_{datatype.lower()}", [tensor], [] if raw is None else [raw])


RAW_VALUES = {
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

TYPED_VALUES = {
    "BOOL": {"bool_contents": [True, False]},
    "UINT8": {"uint_contents": [0, 255]},
    "UINT16": {"uint_contents": [0, 65535]},
    "UINT32": {"uint_contents": [0, 2**32 - 1]},
    "UINT64": {"uint64_contents": [0, 2**64 - 1]},
    "INT8": {"int_contents": [-128, 127]},
    "INT16": {"int_contents": [-32768, 32767]},
    "INT32": {"int_contents": [-5, 5]},
    "INT64": {"int64_contents": [-(2**63), 2**63 - 1]},
    "FP32": {"fp32_contents": [0.5, -2]},
    "FP64": {"fp64_contents": [0.1, 1e300]},
    "BYTES": {"bytes_contents": [b"", b"\xff\x00raw"]},
}

RIGHT = [
    infer("simple"),
    infer("simple_with_id", request_id="42"),
    infer("simple_by_version", version="1"),
    infer("simple_typed", tensors=TYPED, raw=()),
    infer("one_output", outputs=["OUTPUT1"]),
    infer("outputs_in_the_other_order", outputs=["OUTPUT1", "OUTPUT0"]),
    infer("one_output_twice", outputs=["OUTPUT0", "OUTPUT0"]),
    infer("inputs_in_the_other_order", tensors=(BOTH[1], BOTH[0])),
    infer(
        "batch_of_two",
        tensors=(entry("INPUT0", shape=[2, 16]), entry("INPUT1", shape=[2, 16])),
        raw=(RAW * 2, ONES * 2),
    ),
    infer(
        "parameters",
        parameters={
            "text": value(string_param="x"),
            "number": value(int64_param=3),
            "flag": value(bool_param=True),
            "real": value(double_param=0.5),
        },
    ),
    infer(
        "priority_and_timeout", parameters={"priority": value(int64_param=0), "timeout": value(int64_param=1_000_000)}
    ),
    infer("priority_unsigned", parameters={"priority": value(uint64_param=0)}),
    infer("latest_of_two_versions", "two_versions", [entry("x", "FP32", [1], fp32_contents=[1])], ()),
    infer("version_1_of_two", "two_versions", [entry("x", "FP32", [1], fp32_contents=[1])], (), version="1"),
    infer("no_elements", "identity_fp32", [entry("INPUT0", "FP32", [0, 4])], [b""]),
    infer("no_elements_typed", "identity_fp32", [entry("INPUT0", "FP32", [0, 4])], ()),
    infer("fixed", "fixed", [entry("INPUT0", "INT32", [2, 3])], [RAW[:24]]),
    *[identity(f"raw_{datatype.lower()}", datatype, [1, 2], raw) for datatype, raw in RAW_VALUES.items()],
    *[identity(f"typed_{datatype.lower()}", datatype, [1, 2], **kind) for datatype, kind in TYPED_VALUES.items()],
]

MISTAKES = [
    infer("unknown_model", "nope"),
    infer("no_model_name", ""),
    infer("unknown_version", version="9"),
    infer("version_zero", version="0"),
    infer("version_that_is_no_number", version="abc"),
    infer("version_with_a_tail", version="1x"),
    infer("version_negative", version="-1"),
    infer("version_that_overflows", version="99999999999999999999"),
    infer(
        "version_outside_the_policy", "latest_version", [entry("x", "FP32", [1], fp32_contents=[1])], (), version="1"
    ),
    infer(
        "decoupled_model",
        "repeat",
        [
            entry("IN", shape=[1], int_contents=[1]),
            entry("DELAY", "UINT32", [1], uint_contents=[0]),
            entry("WAIT", "UINT32", [1], uint_contents=[0]),
        ],
        (),
    ),
    infer(
        "batch_too_large",
        tensors=(entry("INPUT0", shape=[9, 16]), entry("INPUT1", shape=[9, 16])),
        raw=(RAW * 9,) * 2,
        request_id="7",
    ),
    infer("batches_that_differ", tensors=(entry("INPUT0"), entry("INPUT1", shape=[2, 16])), raw=(RAW, RAW * 2)),
    infer("wrong_type", tensors=(entry("INPUT0", "FP32"), entry("INPUT1")), request_id="7"),
    infer("wrong_type_without_id", tensors=(entry("INPUT0", "FP32"), entry("INPUT1"))),
    infer("wrong_row", tensors=(entry("INPUT0", shape=[1, 17]), entry("INPUT1")), raw=(RAW + b"\0" * 4, ONES)),
    infer("wrong_rank", tensors=(entry("INPUT0", shape=[16]), entry("INPUT1", shape=[16]))),
    infer("no_shape", tensors=(entry("INPUT0", shape=[]), entry("INPUT1", shape=[]))),
    infer("fixed_wrong_shape", "fixed", [entry("INPUT0", "INT32", [3, 2])], [RAW[:24]]),
    infer("negative_dimension", tensors=(entry("INPUT0", shape=[-1, 16]), entry("INPUT1"))),
    infer("shape_that_overflows", "identity_fp32", [entry("INPUT0", "FP32", [2**62, 2**62])], [b"\0" * 4]),
    infer("unknown_datatype", tensors=(entry("INPUT0", "INT99"), entry("INPUT1"))),
    infer("no_datatype", tensors=(entry("INPUT0", ""), entry("INPUT1"))),
    infer("datatype_in_lower_case", tensors=(entry("INPUT0", "int32"), entry("INPUT1"))),
    infer("no_name", tensors=(entry(""), entry("INPUT1"))),
    infer("missing_input", tensors=BOTH[:1], raw=(RAW,), request_id="7"),
    infer("no_input", tensors=(), raw=()),
    infer("unknown_input", tensors=(*BOTH, entry("EXTRA")), raw=(RAW, ONES, RAW)),
    infer("unknown_input_instead", tensors=(BOTH[0], entry("EXTRA"))),
    infer("same_input_twice", tensors=(BOTH[0], BOTH[0])),
    infer("unknown_output", outputs=["NOPE"]),
    infer("output_without_a_name", outputs=[""]),
    infer("byte_count_too_small", raw=(RAW[:60], ONES), request_id="7"),
    infer("byte_count_too_large", raw=(RAW + b"\0" * 4, ONES)),
    infer("one_raw_too_few", raw=(RAW,)),
    infer("one_raw_too_many", raw=(RAW, ONES, ONES)),
    infer("raw_and_typed", tensors=TYPED),
    infer("raw_and_one_typed", tensors=(BOTH[0], TYPED[1])),
    infer("typed_and_one_without_data", tensors=(TYPED[0], BOTH[1]), raw=()),
    infer("no_data", raw=()),
    infer("typed_too_few", tensors=(entry("INPUT0", int_contents=ROW[:15]), TYPED[1]), raw=()),
    infer("typed_too_many", tensors=(entry("INPUT0", int_contents=[*ROW, 1]), TYPED[1]), raw=()),
    infer("typed_of_two_kinds", tensors=(entry("INPUT0", int_contents=ROW, fp32_contents=[1]), TYPED[1]), raw=()),
    *[
        identity(f"typed_{datatype.lower()}_as_{kind}", datatype, [1, 1], **{kind: [one]})
        for datatype, kind, one in (
            ("FP32", "int_contents", 1),
            ("FP32", "fp64_contents", 1),
            ("INT32", "int64_contents", 1),
            ("INT32", "uint_contents", 1),
            ("INT64", "int_contents", 1),
            ("UINT64", "uint_contents", 1),
            ("UINT8", "int_contents", 1),
            ("BOOL", "int_contents", 1),
            ("BYTES", "int_contents", 1),
            ("FP64", "fp32_contents", 1),
            ("INT32", "bytes_contents", b"x"),
            ("FP16", "fp32_contents", 1),
            ("BF16", "fp32_contents", 1),
        )
    ],
    identity("typed_int8_out_of_range", "INT8", [1, 1], int_contents=[128]),
    identity("typed_uint16_out_of_range", "UINT16", [1, 1], uint_contents=[65536]),
    identity("bytes_too_few_elements", "BYTES", [1, 2], wire.bytes_tensor(b"one")),
    identity("bytes_too_many_elements", "BYTES", [1, 1], wire.bytes_tensor(b"one", b"two")),
    identity("bytes_length_beyond_the_end", "BYTES", [1, 1], b"\xff\xff\xff\xffab"),
    identity("bytes_without_a_whole_length", "BYTES", [1, 1], b"\x01"),
    infer("sequence_id_is_a_bool", parameters={"sequence_id": value(bool_param=True)}),
    infer("sequence_start_is_a_number", parameters={"sequence_start": value(int64_param=1)}),
    infer("sequence_end_is_a_text", parameters={"sequence_end": value(string_param="x")}),
    infer("priority_is_a_text", parameters={"priority": value(string_param="x")}),
    infer("priority_is_negative", parameters={"priority": value(int64_param=-1)}),
    infer("timeout_is_a_text", parameters={"timeout": value(string_param="x")}),
    infer("reserved_parameter", parameters={"triton_x": value(bool_param=True)}),
    infer("custom_parameter_unsigned", parameters={"custom": value(uint64_param=1)}),
    infer("parameter_without_a_value", parameters={"custom": value()}),
    infer("final_response_asked_for", parameters={"triton_enable_empty_final_response": value(bool_param=True)}),
    infer("classification", outputs=[output("OUTPUT0", classification=value(int64_param=2))]),
    infer("classification_of_none", outputs=[output("OUTPUT0", classification=value(int64_param=0))]),
    infer("classification_is_a_text", outputs=[output("OUTPUT0", classification=value(string_param="x"))]),
    infer(
        "shared_memory_of_an_unknown_region",
        tensors=(
            entry(
                "INPUT0",
                parameters={
                    "shared_memory_region": value(string_param="r"),
                    "shared_memory_byte_size": value(int64_param=64),
                },
            ),
            BOTH[1],
        ),
        raw=(ONES,),
    ),
    Grpc("grpc_bytes_of_no_protobuf", "ModelInfer", b"\xff" * 100),
    Grpc("grpc_unknown_call", "NoSuchCall", b""),
    Grpc("grpc_unknown_service", "ModelInfer", b"", service="inference.Nobody"),
]


def about(kind, name, version):
    return getattr(pb, f"{kind}Request")(name=name, version=version)


METADATA = [
    Grpc("grpc_server_live", "ServerLive", pb.ServerLiveRequest()),
    Grpc("grpc_server_ready", "ServerReady", pb.ServerReadyRequest()),
    Grpc("grpc_server_metadata", "ServerMetadata", pb.ServerMetadataRequest()),
    Grpc("grpc_health_check", "Check", b"", service="grpc.health.v1.Health"),
    Grpc("grpc_health_check_of_a_service", "Check", b"\x0a\x01x", service="grpc.health.v1.Health"),
    *[
        Grpc(f"grpc_{label}_of_{what}", call, about(call, name, version))
        for label, call in (
            ("metadata", "ModelMetadata"),
            ("readiness", "ModelReady"),
            ("config", "ModelConfig"),
            ("statistics", "ModelStatistics"),
        )
        for what, name, version in (
            ("simple", "simple", ""),
            ("a_version", "simple", "1"),
            ("two_versions", "two_versions", ""),
            ("repeat", "repeat", ""),
            ("an_unknown_model", "nope", ""),
            ("an_unknown_version", "simple", "9"),
            ("a_version_outside_the_policy", "latest_version", "1"),
            ("a_version_that_is_no_number", "simple", "abc"),
            ("a_version_that_overflows", "simple", "99999999999999999999"),
        )
    ],
    Grpc("grpc_statistics_of_all_models", "ModelStatistics", pb.ModelStatisticsRequest()),
    Grpc("grpc_readiness_without_a_name", "ModelReady", pb.ModelReadyRequest()),
    Grpc("grpc_metadata_without_a_name", "ModelMetadata", pb.ModelMetadataRequest()),
]


def change(name, verb, model, repository="", **parameters):
    message = getattr(pb, f"RepositoryModel{verb}Request")(repository_name=repository, model_name=model)
    for key, one in parameters.items():
        message.parameters[key].CopyFrom(one)
    return Grpc(f"grpc_{name}", f"RepositoryModel{verb}", message)


FIXED = ("changing", [entry("INPUT0", "INT32", [2, 3])], [RAW[:24]])

# In this order: they change what is loaded.
REPOSITORY = [
    Grpc("grpc_index", "RepositoryIndex", pb.RepositoryIndexRequest()),
    Grpc("grpc_index_of_ready_models", "RepositoryIndex", pb.RepositoryIndexRequest(ready=True)),
    Grpc("grpc_index_of_a_repository", "RepositoryIndex", pb.RepositoryIndexRequest(repository_name="other")),
    change("unload", "Unload", "changing"),
    Grpc("grpc_index_after_unload", "RepositoryIndex", pb.RepositoryIndexRequest(), until='"unloaded"'),
    Grpc("grpc_readiness_after_unload", "ModelReady", pb.ModelReadyRequest(name="changing")),
    Grpc("grpc_metadata_after_unload", "ModelMetadata", pb.ModelMetadataRequest(name="changing")),
    Grpc("grpc_statistics_after_unload", "ModelStatistics", pb.ModelStatisticsRequest(name="changing")),
    infer("inference_after_unload", *FIXED),
    Grpc("grpc_index_of_ready_models_after_unload", "RepositoryIndex", pb.RepositoryIndexRequest(ready=True)),
    change("load", "Load", "changing"),
    infer("inference_after_load", *FIXED),
    change("load_of_an_unknown_model", "Load", "nope"),
    change("load_without_a_name", "Load", ""),
    change("unload_of_an_unknown_model", "Unload", "nope"),
    change("load_from_a_repository", "Load", "simple", "other"),
    change("unload_from_a_repository", "Unload", "simple", "other"),
    change("load_with_an_unknown_parameter", "Load", "simple", nope=pb.ModelRepositoryParameter(string_param="x")),
    change("load_with_a_config_as_a_number", "Load", "simple", config=pb.ModelRepositoryParameter(int64_param=1)),
    change("load_with_a_broken_config", "Load", "simple", config=pb.ModelRepositoryParameter(string_param="no json")),
    change(
        "unload_with_dependents_as_a_text",
        "Unload",
        "nope",
        unload_dependents=pb.ModelRepositoryParameter(string_param="yes"),
    ),
]

NOT_SERVED = [
    Grpc(f"grpc_{call}", call, getattr(pb, f"{call}Request")())
    for call in (
        "TraceSetting",
        "LogSettings",
        "SystemSharedMemoryStatus",
        "SystemSharedMemoryUnregister",
        "CudaSharedMemoryStatus",
        "CudaSharedMemoryUnregister",
    )
]


def repeat(values, request_id="9", delays=None, model="repeat", **named):
    delays = [0] * len(values) if delays is None else delays
    tensors = [
        entry("IN", "INT32", [len(values)]),
        entry("DELAY", "UINT32", [len(delays)]),
        entry("WAIT", "UINT32", [1]),
    ]
    raw = [struct.pack(f"<{len(values)}i", *values), struct.pack(f"<{len(delays)}I", *delays), b"\0" * 4]
    return request(model, tensors, raw, request_id=request_id, **named)


FINAL = {"triton_enable_empty_final_response": value(bool_param=True)}
GOOD, BAD = request(request_id="good"), request("nope", request_id="bad")

STREAMS = [
    Stream("stream_of_one", [GOOD]),
    Stream("stream_of_none", []),
    Stream(
        "stream_of_two_versions",
        [
            request("two_versions", [entry("x", "FP32", [1], fp32_contents=[1])], (), version=one)
            for one in ("1", "3", "")
        ],
    ),
    Stream("stream_with_the_final_answer_asked_for", [request(parameters=FINAL)]),
    Stream("stream_of_a_decoupled_model", [repeat([4, 2, 7])]),
    Stream("stream_of_a_decoupled_model_with_the_final_answer", [repeat([4, 2], parameters=FINAL)]),
    Stream("stream_of_a_decoupled_model_without_answers", [repeat([], parameters=FINAL)]),
    Stream("stream_of_a_decoupled_model_by_version", [repeat([1], version="1")]),
    Stream("stream_of_a_decoupled_model_one_output", [repeat([4], outputs=["IDX"])]),
    Stream("stream_with_a_mistake_in_the_middle", [GOOD, BAD, GOOD]),
    Stream("stream_with_a_missing_input", [request(tensors=BOTH[:1], raw=(RAW,), request_id="7"), GOOD]),
    Stream("stream_with_a_wrong_type", [request(tensors=(entry("INPUT0", "FP32"), BOTH[1]), request_id="7"), GOOD]),
    Stream("stream_with_a_wrong_byte_count", [request(raw=(RAW[:60], ONES), request_id="7"), GOOD]),
    Stream("stream_with_an_unknown_version", [request(version="9", request_id="7"), GOOD]),
    Stream("stream_with_raw_and_typed", [request(tensors=TYPED, request_id="7"), GOOD]),
    Stream("stream_with_an_unknown_output", [request(outputs=["NOPE"], request_id="7"), GOOD]),
    Stream(
        "stream_with_a_reserved_parameter",
        [request(parameters={"triton_x": value(bool_param=True)}, request_id="7"), GOOD],
    ),
    Stream("stream_ends_with_the_first_mistake", [GOOD, BAD, GOOD], (("triton_grpc_error", "true"),)),
    Stream(
        "stream_ends_with_a_wrong_shape",
        [request(tensors=(entry("INPUT0", shape=[1, 8]), BOTH[1])), GOOD],
        (("triton_grpc_error", "true"),),
    ),
    Stream("stream_goes_on_with_the_flag_false", [BAD, GOOD], (("triton_grpc_error", "false"),)),
    Stream(
        "stream_of_a_decoupled_model_with_the_wrong_type",
        [
            request(
                "repeat",
                [entry("IN", "FP32", [1]), entry("DELAY", "UINT32", [1]), entry("WAIT", "UINT32", [1])],
                [b"\0" * 4] * 3,
                request_id="7",
            ),
            GOOD,
        ],
    ),
]

# A model that nothing else asks, so that what it counts can be compared.
COUNTED = [
    Stream(
        "stream_of_the_counted_model", [repeat([4, 2], model="counted_repeat"), repeat([7], model="counted_repeat")]
    ),
    Grpc(
        "grpc_statistics_of_the_counted_decoupled_model",
        "ModelStatistics",
        pb.ModelStatisticsRequest(name="counted_repeat"),
    ),
]

INFERENCES = [*RIGHT, *MISTAKES, *NOT_SERVED]
