# tests/fuzz/<name>_fuzz.cc becomes one libFuzzer program.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "AION_BUILD_FUZZERS needs clang (tools/setup fuzz); ./test configures it so")
endif()

# What the fuzzers stand on, and nothing more: whole rooms would be six times as many files, and all of them compiled once
# more in each ./test from nothing. A decoder that needs another file fails to link, with the names that it misses.
set(AION_FUZZED
    base/assert.cc base/bytes.cc base/json.cc base/json_dom.cc base/line_reader.cc base/request_context.cc base/result.cc
    base/unpacked_file.cc
    catalog/repository/batching_settings.cc catalog/repository/config_dtype.cc catalog/repository/served_fields.cc
    catalog/repository/settings.cc catalog/repository/timing_settings.cc
    graph/layout_rules.cc graph/memory.cc graph/model.cc graph/read_model.cc graph/shape_rules.cc graph/shapes.cc
    graph/source.cc graph/window_rules.cc graph/wire.cc
    net/compression.cc net/grpc/message_decoder.cc net/grpc/wire.cc
    net/http/body_buffer.cc net/http/chunked_decoder.cc net/http/message.cc net/http/request_head.cc
    protocol/kserve/grpc_contents.cc protocol/kserve/grpc_decode.cc protocol/kserve/grpc_parameters.cc
    protocol/kserve/infer_data.cc protocol/kserve/infer_decoder.cc protocol/kserve/infer_elements.cc
    protocol/kserve/infer_encoder.cc protocol/kserve/infer_fault.cc protocol/kserve/infer_parameters.cc
    protocol/kserve/infer_raw.cc protocol/kserve/infer_shortest.cc protocol/kserve/urgency.cc
    simulate/csv_table.cc simulate/gavel_format.cc simulate/openb_format.cc simulate/philly_format.cc simulate/read_trace.cc
    simulate/swf_format.cc simulate/tiresias_format.cc simulate/trace_builder.cc simulate/trace_formats.cc
    tensor/dtype.cc tensor/float16.cc tensor/tensor.cc)
# Not ours to test, so without the fuzzer's eyes: Boost.Asio, and what protoc writes.
set(AION_BESIDE_FUZZED
    "${CMAKE_SOURCE_DIR}/src/base/asio_impl.cc"
    "${AION_GENERATED}/catalog/repository/model_config.pb.cc" "${AION_GENERATED}/protocol/kserve/infer.pb.cc")

# -O1 and line tables: half the time of -O2 -g to build, and fast enough for 15 s of random input.
target_compile_options(aion_settings INTERFACE -O1 -gline-tables-only -fno-omit-frame-pointer -Wno-error
                                               -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
target_link_options(aion_settings INTERFACE -fsanitize=address,undefined)
# Boost.Asio 1.81 does not see coroutines under clang with libstdc++.
target_compile_definitions(aion_settings INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)

list(TRANSFORM AION_FUZZED PREPEND "${CMAKE_SOURCE_DIR}/src/")
add_library(aion_fuzzed STATIC EXCLUDE_FROM_ALL ${AION_FUZZED} ${AION_BESIDE_FUZZED})
aion_use_house_settings(aion_fuzzed)
target_link_libraries(aion_fuzzed PUBLIC protobuf::libprotobuf simdjson::simdjson ZLIB::ZLIB)
set_source_files_properties(${AION_BESIDE_FUZZED} PROPERTIES
  COMPILE_OPTIONS "-O0;-g0;-w;-fno-sanitize=all;-fno-sanitize-coverage=trace-pc-guard,inline-8bit-counters,indirect-calls,trace-cmp,pc-table"
  SKIP_PRECOMPILE_HEADERS ON)

add_custom_target(aion_fuzzers)
file(GLOB fuzzers CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc")
foreach(fuzzer IN LISTS fuzzers)
  get_filename_component(name "${fuzzer}" NAME_WE)
  add_executable(${name} EXCLUDE_FROM_ALL "${fuzzer}")
  aion_use_house_settings(${name})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE aion_fuzzed)
  add_dependencies(aion_fuzzers ${name})
endforeach()
