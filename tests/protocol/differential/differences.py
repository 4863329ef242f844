"""Which difference between the two servers is which line of docs/reference/triton-differences.md.

A rule names the line, the cases (patterns of names) and the fields, each with what Triton and what Aion may say there.
"""

import fnmatch
import re
from dataclasses import dataclass

import daemon as daemons

DOCUMENT = daemons.ROOT / "docs" / "reference" / "triton-differences.md"
ANY = r"(?s).*"
NO_JSON = r'"failed to parse the request JSON buffer: malformed JSON: .*"'
UNSUPPORTED = r'".* (is|are) unsupported.*"'


@dataclass(frozen=True, eq=False)
class Rule:
    row: str  # the first column of the line
    cases: str  # patterns, between blanks
    fields: dict  # pattern of a field -> (Triton's value, Aion's value), regular expressions; None is the empty text

    def pattern_for(self, case):
        """The first pattern that the name of the case matches; None when none does."""
        return next((one for one in self.cases.split() if fnmatch.fnmatchcase(case, one)), None)

    def allows(self, field, theirs, ours):
        patterns = [field] if field in self.fields else [one for one in self.fields if fnmatch.fnmatchcase(field, one)]
        return any(
            re.fullmatch(self.fields[one][0], theirs or "") and re.fullmatch(self.fields[one][1], ours or "")
            for one in patterns
        )


def text(ours, theirs=ANY):
    """The same status, another text."""
    return {"body.error": (theirs, ours), "details": (theirs, ours), "reply[[]0].error_message": (theirs, ours)}


def outcome(theirs, ours, said=ANY):
    """Another status, so everything else differs; `said` is Aion's text, or Triton's where it is Aion that serves."""
    served = ours in ("200", "OK")
    message = (said, ANY) if served else (ANY, said)
    everything = dict.fromkeys(("header.*", "binary", "body*", "reply*"), (ANY, ANY))
    return {**everything, "status": (theirs, ours), "code": (theirs, ours), "body.error": message, "details": message}


def packed():
    return {"header.content-encoding": ("gzip|deflate", ""), "body": ("<packed>", ""), "body.*": ("", ANY)}


FIELD_CASES = (
    "array_at_the_top string_at_the_top number_at_the_top null_at_the_top no_inputs inputs_is_null inputs_is_an_object "
    "inputs_is_a_string id_is_a_number id_is_an_array id_is_null no_name name_is_a_number no_datatype "
    "datatype_is_a_number no_shape shape_is_a_number shape_is_a_string shape_has_a_string shape_has_a_fraction "
    "shape_has_null shape_is_negative shape_over_int64 data_is_null data_is_a_number data_is_an_object data_is_a_string data_has_* "
    "negative_unsigned bool_from_a_number string_from_a_number float_from_a_string parameters_is_a_number "
    "parameters_is_an_array binary_data_output_is_a_string priority_is_a_string priority_is_negative "
    "timeout_is_a_string timeout_is_negative sequence_id_is_a_bool sequence_start_is_a_number outputs_is_an_object "
    "outputs_is_null output_is_a_string output_without_a_name output_name_is_a_number binary_data_is_a_string "
    "binary_size_negative binary_size_is_a_string binary_size_is_a_fraction index_with_ready_as_a_string "
    "load_with_parameters_as_a_number load_with_an_unknown_parameter load_with_a_file_and_no_config "
    "load_with_a_config_as_an_object"
)
FIELD_TEXT = r'"(Unable to parse .*|Load parameter .*)"'
SHAPE_TEXT = r'"\[request id: .*\] (unexpected shape for input .* Expected .*, got .*|input .* batch size does not match other inputs .*)"'

RULES = [
    # ---- status codes
    Rule(
        "body is no JSON",
        "no_json cut_off_json only_blanks trailing_garbage trailing_comma single_quotes invalid_utf8 index_of_no_json "
        "load_of_no_json header_length_too_short",
        outcome("500", "400", NO_JSON),
    ),
    Rule("body is no JSON", "binary_size_without_header", text(NO_JSON)),
    Rule(
        "number of elements in `data` is not the shape's",
        "too_few_elements too_many_elements ragged_data",
        outcome(
            "500",
            "400",
            r'"Unable to parse \'data\': Shape does not match .*: .* must hold the 16 elements .*; got \d+"',
        ),
    ),
    Rule(
        "number of elements in `data` is not the shape's",
        "grpc_typed_too_few grpc_typed_too_many",
        text(r'"input tensor .* has \d+ elements in int_contents, expected 16"'),
    ),
    Rule(
        "load of a model that the repository does not hold",
        "load_of_an_unknown_model grpc_load_of_an_unknown_model",
        {"status": ("500", "400"), "code": ("INTERNAL", "INVALID_ARGUMENT")},
    ),
    Rule(
        "malformed field of a request (wrong type, missing, out of range)",
        FIELD_CASES,
        outcome("500", "400", FIELD_TEXT),
    ),
    Rule(
        "malformed field of a request (wrong type, missing, out of range)",
        "input_is_a_number name_is_empty datatype_is_unknown datatype_in_lower_case datatype_is_empty shape_overflows parameter_is_null "
        "parameter_is_an_object",
        text(FIELD_TEXT),
    ),
    Rule(
        "malformed field of a request (wrong type, missing, out of range)",
        "output_parameters_is_a_number input_parameters_is_a_number parameter_headers",
        outcome("200", "400", r'"(Unable to parse .*|parameters.headers is reserved .*)"'),
    ),
    Rule(
        "malformed field of a request (wrong type, missing, out of range)",
        "grpc_negative_dimension grpc_shape_that_overflows grpc_unknown_datatype grpc_no_datatype "
        "grpc_datatype_in_lower_case grpc_no_name grpc_output_without_a_name grpc_typed_of_two_kinds",
        text(r'"(input|field|unexpected explicit tensor data for input) .*"'),
    ),
    Rule(
        "a small integer in a typed gRPC field is out of its type's range",
        "grpc_typed_int8_out_of_range grpc_typed_uint16_out_of_range",
        outcome("OK", "INVALID_ARGUMENT", r'"element 0 of input tensor .* expected .* to .* for datatype .*"'),
    ),
    Rule(
        "a body of a load, an unload or an index call that is no object",
        "index_of_an_array load_of_an_array unload_of_no_json unload_with_dependents_as_a_string",
        outcome("200", "400", r'"(Unable to parse .*|failed to parse .*)"'),
    ),
    Rule(
        "`Inference-Header-Content-Length` is no number",
        "header_length_has_a_tail header_length_is_a_fraction",
        outcome("500", "400", r'"Unable to parse Inference-Header-Content-Length, got: .*"'),
    ),
    Rule(
        "`Inference-Header-Content-Length` is no number",
        "header_length_is_no_number header_length_is_huge",
        text(r'"Unable to parse Inference-Header-Content-Length, got: .*"'),
    ),
    Rule(
        "a body that is not packed as its `Content-Encoding` says",
        "gzip_that_is_none",
        text(r'"the request body: expected gzip, .*"'),
    ),
    Rule(
        "a body that is not packed as its `Content-Encoding` says",
        "gzip_that_is_cut_off",
        outcome("500", "400", r'"the request body: expected gzip, .*"'),
    ),
    Rule("an output is asked for twice", "one_output_twice", outcome("200", "400", r'".* asked for more than once"')),
    Rule(
        "an output is asked for twice",
        "grpc_one_output_twice",
        outcome("OK", "INVALID_ARGUMENT", r'".* asked for more than once"'),
    ),
    Rule(
        "more raw tensors than inputs in a gRPC request",
        "grpc_one_raw_too_many",
        outcome("OK", "INVALID_ARGUMENT", r'"raw_input_contents .* has 3 elements, expected .* 2 inputs"'),
    ),
    Rule(
        "a gRPC message that is no protobuf, or names no model",
        "grpc_bytes_of_no_protobuf",
        outcome("INTERNAL", "INVALID_ARGUMENT", r'"request of 100 bytes: expected a message of type .*"'),
    ),
    Rule(
        "a gRPC message that is no protobuf, or names no model",
        "grpc_no_model_name",
        outcome("NOT_FOUND", "INVALID_ARGUMENT", r"\"field 'model_name' of the request is empty, .*\""),
    ),
    Rule(
        "a version that is no number or has 20 digits",
        "version_over_int64 *_of_a_version_over_int64",
        outcome("400", "404", r'"Request for unknown model: .* version \d+ is not found"'),
    ),
    Rule(
        "a version that is no number or has 20 digits",
        "grpc_version_that_is_no_number grpc_version_negative grpc_version_that_overflows "
        "grpc_metadata_of_a_version_that_* grpc_statistics_of_a_version_that_* grpc_config_of_a_version_that_*",
        outcome("INVALID_ARGUMENT", "NOT_FOUND", r'"Request for unknown model: .* version .* is not found"'),
    ),
    Rule(
        "a version that is no number or has 20 digits",
        "grpc_version_with_a_tail",
        outcome("OK", "NOT_FOUND", r'"Request for unknown model: .* version 1x is not found"'),
    ),
    Rule(
        "a version that is no number or has 20 digits",
        "grpc_readiness_of_a_version_that_*",
        {**outcome("INVALID_ARGUMENT", "OK"), "reply*": ("", "false")},
    ),
    Rule(
        "`Host` or `Origin` is not this server's",
        "foreign_host foreign_origin",
        outcome("200", "403", r'".* is not allowed: .*"'),
    ),
    Rule(
        "bytes that are no HTTP",
        "no_http_at_all length_that_is_no_number",
        outcome("closed", "400", r'".*: expected .*, got .*"'),
    ),
    # ---- more than Triton serves
    Rule(
        "FP16 and BF16 in JSON",
        "json_fp16 json_bf16 binary_in_json_out_fp16 binary_in_json_out_bf16",
        outcome("400", "200", r'"(receiv|send)ing .* via JSON is not supported.*"'),
    ),
    Rule(
        "NaN and infinities in a JSON answer",
        "not_a_number_in_an_answer binary_in_json_out_fp32 binary_in_json_out_fp64",
        {"body": (r"<no JSON> .*(NaN|Infinity).*", ""), "body.*": ("", ANY)},
    ),
    Rule("NaN in a JSON request", "bare_nan", outcome("200", "400", NO_JSON)),
    Rule(
        "numbers in JSON",
        "data_out_of_range data_below_the_range uint8_out_of_range float_beyond_fp32",
        outcome(
            "200", "400", r'".* (must be an integer from .* to .*|must be a number within the range of FP32); got .*"'
        ),
    ),
    Rule(
        "FP32 in a JSON answer",
        "small_float float_digits",
        {"body.outputs[[]0].data": (r"\[.*\d{10}.*\]", r"\[((?!\d{10}).)*\]")},
    ),
    Rule(
        "BYTES that are no UTF-8 in a JSON answer",
        "binary_in_json_out_bytes",
        outcome("200", "400", r'".* not UTF-8, .* binary data"'),
    ),
    Rule(
        "`binary_data_output` of a request that names outputs",
        "binary_by_the_request_not_by_the_output binary_output_by_the_request_for_a_named_output",
        {
            "header.content-type": ("application/json", "application/octet-stream"),
            "header.inference-header-content-length": ("", "<number>"),
            "binary": ("", "[0-9a-f]{128}"),
            "body.outputs[[]?].data": (ANY, ""),
            "body.outputs[[]?].parameters.binary_data_size": ("", "64"),
        },
    ),
    Rule("a batch of no rows", "batch_of_none", outcome("400", "200", r'".* Expected 64, got 0"')),
    Rule(
        "a typed gRPC tensor without elements",
        "grpc_no_elements_typed",
        outcome("INVALID_ARGUMENT", "OK", r'"unable to find data for input tensor .*"'),
    ),
    Rule("escapes such as `%20` in a path", "encoded_letter_in_a_name", outcome("404", "200")),
    Rule("escapes such as `%20` in a path", "encoded_slash_in_a_name", outcome("404", "400")),
    Rule("escapes such as `%20` in a path", "name_with_a_blank", text(r".*'a b'.*", r".*'a%20b'.*")),
    Rule("`/metrics` on the HTTP port", "metrics_on_this_port", outcome("404", "200")),
    Rule(
        "a reason for a failed load",
        "grpc_load_without_a_name",
        outcome("INTERNAL", "INVALID_ARGUMENT", r"\"failed to load '', failed to poll from model repository: .*\""),
    ),
    Rule(
        "an error, or the empty last answer, in a gRPC stream",
        "stream_with_* stream_goes_on_with_the_flag_false stream_of_a_decoupled_model_with_the_wrong_type",
        {
            "reply[[]?].infer_response.model_name": ('""', ANY),
            "reply[[]?].infer_response.model_version": ('""', ANY),
            "reply[[]?].infer_response.parameters": ("{}", ""),
            "reply[[]?].infer_response.parameters.triton_final_response.bool_param": ("", "true"),
        },
    ),
    Rule(
        "an error, or the empty last answer, in a gRPC stream",
        "stream_of_a_decoupled_model_with_the_final_answer",
        {"reply[[]?].infer_response.model_version": ('""', '"1"')},
    ),
    Rule(
        "`response_stats` of a decoupled model",
        "grpc_statistics_of_the_counted_decoupled_model",
        {"*.response_stats": ("{}", ""), "*.response_stats.[0-9].*": ("", ANY)},
    ),
    Rule(
        "`triton_grpc_error` for a gRPC stream",
        "stream_ends_with_the_first_mistake",
        {**outcome("OK", "NOT_FOUND", r'"Request for unknown model: .*"'), "answers": ("3", "1"), "reply*": (ANY, "")},
    ),
    Rule(
        "`triton_grpc_error` for a gRPC stream",
        "stream_ends_with_a_wrong_shape",
        {**outcome("OK", "INVALID_ARGUMENT", SHAPE_TEXT), "answers": ("2", "0"), "reply*": (ANY, "")},
    ),
    # ---- names, texts and limits
    Rule("server name in the metadata", "server_metadata grpc_server_metadata", {"*.name": ('"triton"', '"aion"')}),
    Rule(
        "server version",
        "server_metadata grpc_server_metadata",
        {"*.version": (r'"\d+\.\d+\.\d+"', r'"\d+\.\d+\.\d+"')},
    ),
    Rule(
        "content type of an answer without a tensor",
        "*",
        {"header.content-type": ("text/plain", "application/json")},
    ),
    Rule(
        "order of the outputs in an answer",
        "outputs_in_the_other_order grpc_outputs_in_the_other_order",
        {
            "*.outputs[[]0].name": ('"OUTPUT0"', '"OUTPUT1"'),
            "*.outputs[[]1].name": ('"OUTPUT1"', '"OUTPUT0"'),
            "*.data": (ANY, ANY),
            "reply.raw_output_contents": (ANY, ANY),
        },
    ),
    Rule(
        "shape that does not fit",
        "shape_is_empty wrong_row wrong_row_of_both missing_batch_dimension one_dimension_too_many batches_that_differ "
        "batched_without_batch grpc_batches_that_differ grpc_wrong_row grpc_wrong_rank grpc_no_shape",
        text(SHAPE_TEXT),
    ),
    Rule(
        "an input too many, or one given twice",
        "unknown_input same_input_twice same_input_thrice grpc_unknown_input grpc_same_input_twice",
        text(r'".*(expected 2 inputs but got 3 inputs .*|must be given once; got .* again|given more than once .*)"'),
    ),
    Rule(
        "BYTES data that ends in the middle, or has too few or too many elements",
        "bytes_length_beyond_the_end bytes_without_a_whole_length bytes_too_few_elements bytes_too_many_elements "
        "grpc_bytes_length_beyond_the_end grpc_bytes_without_a_whole_length grpc_bytes_too_few_elements grpc_bytes_too_many_elements",
        text(r'"input .*: BYTES data holds \d whole elements, expected \d: .*"'),
    ),
    Rule(
        "texts about parameters of a gRPC request",
        "grpc_priority_is_negative grpc_classification_of_none grpc_classification_is_a_text grpc_reserved_parameter "
        "grpc_load_with_an_unknown_parameter stream_with_a_reserved_parameter",
        text(r'"(invalid value .*|unknown load parameter .*|parameter keys starting with .*)"'),
    ),
    Rule(
        "texts about a raw binary request (header length 0) and about an empty body",
        "raw_of_two_variable_dimensions raw_of_two_inputs raw_too_short raw_empty raw_of_no_whole_elements empty_body chunked_empty_body",
        text(
            r'"(the raw binary request for model .*|.* input byte size mismatch for input .*|.*malformed JSON: there is none)"'
        ),
    ),
    Rule(
        "text for an unknown gRPC call", "grpc_unknown_call grpc_unknown_service", text(r'"unknown method /.*"', '""')
    ),
    Rule(
        "an answer to `Accept-Encoding: gzip` or `deflate`",
        "answer_asked_for_as_gzip answer_asked_for_as_deflate",
        packed(),
    ),
    # ---- not served yet
    Rule(
        "shared memory (system and CUDA)",
        "shared_memory_of_an_unknown_region output_in_shared_memory",
        outcome("404", "501", UNSUPPORTED),
    ),
    Rule(
        "shared memory (system and CUDA)",
        "*_shared_memory_status *_shared_memory_unregister",
        outcome("200", "501", UNSUPPORTED),
    ),
    Rule("shared memory (system and CUDA)", "system_shared_memory_register", outcome("500", "501", UNSUPPORTED)),
    Rule(
        "shared memory (system and CUDA)",
        "grpc_shared_memory_of_an_unknown_region",
        outcome("NOT_FOUND", "UNIMPLEMENTED", UNSUPPORTED),
    ),
    Rule("shared memory (system and CUDA)", "grpc_*SharedMemory*", outcome("OK", "UNIMPLEMENTED", UNSUPPORTED)),
    Rule("extensions in the server metadata", "server_metadata grpc_server_metadata", {"*.extensions": (ANY, ANY)}),
    Rule(
        "a load with a configuration or files that cannot be used",
        "load_with_a_broken_config",
        outcome("500", "400", r'"failed to load .*: the configuration is no JSON .*"'),
    ),
    Rule(
        "a load with a configuration or files that cannot be used",
        "grpc_load_with_a_broken_config",
        outcome("INTERNAL", "INVALID_ARGUMENT", r'"failed to load .*: the configuration is no JSON .*"'),
    ),
    Rule("trace and log settings", "trace_settings* log_settings", outcome("200", "501", UNSUPPORTED)),
    Rule("trace and log settings", "grpc_TraceSetting grpc_LogSettings", outcome("OK", "UNIMPLEMENTED", UNSUPPORTED)),
    Rule("`generate` and `generate_stream`", "generate generate_stream", outcome("200", "501", UNSUPPORTED)),
]

# What differs and is no line of the document: faults of the program that are not mended yet. A fault leaves the list with
# the change that mends it; until then everything else about its cases is compared.
def rows_for_the_differential_test():
    """The first column of every line of the document whose last column names the differential tests."""
    rows = []
    for line in DOCUMENT.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and "`differential`" in cells[-1]:
            rows.append(cells[0])
    return rows
