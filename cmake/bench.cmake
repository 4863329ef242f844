# The programs of bench/: those of bench/serving, beside which Aion is measured, and those that time rooms of it; the daemon links to none.
function(aion_add_bench name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/bench")
  target_compile_options(${name} PRIVATE ${AION_WARNINGS})
  target_link_libraries(${name} PRIVATE Threads::Threads)
endfunction()

set(AION_BENCH_SERVING "${CMAKE_SOURCE_DIR}/bench/serving")

# floor and rawort open the same ONNX Runtime by path as the daemon does.
add_library(aion_bench_ort STATIC "${AION_BENCH_SERVING}/ort_model.cc")
target_include_directories(aion_bench_ort PUBLIC "${CMAKE_SOURCE_DIR}/bench")
target_include_directories(aion_bench_ort SYSTEM PUBLIC "${AION_ONNXRUNTIME_INCLUDE}")
target_compile_options(aion_bench_ort PRIVATE ${AION_WARNINGS})
target_compile_definitions(aion_bench_ort PRIVATE
  AION_ONNXRUNTIME_LIBRARY="${AION_ONNXRUNTIME_ROOT}/lib/libonnxruntime.so.1.30.0")
target_link_libraries(aion_bench_ort PUBLIC ${CMAKE_DL_LIBS})

aion_add_bench(bench_floor "${AION_BENCH_SERVING}/floor.cc")
target_link_libraries(bench_floor PRIVATE aion_bench_ort)
aion_add_bench(bench_rawort "${AION_BENCH_SERVING}/rawort.cc")
target_link_libraries(bench_rawort PRIVATE aion_bench_ort)
aion_add_bench(bench_openloop "${AION_BENCH_SERVING}/openloop.cc")

find_package(gRPC 1.51 CONFIG REQUIRED)
# The empty gRPC server has a small schema of its own, so that it stands without the house.
set(AION_BENCH_GENERATED "${CMAKE_BINARY_DIR}/generated_bench")
file(MAKE_DIRECTORY "${AION_BENCH_GENERATED}")
set(made_sources "${AION_BENCH_GENERATED}/serving/empty_grpc.pb.cc"
                 "${AION_BENCH_GENERATED}/serving/empty_grpc.grpc.pb.cc")
get_target_property(grpc_plugin gRPC::grpc_cpp_plugin LOCATION)
add_custom_command(
  OUTPUT ${made_sources} "${AION_BENCH_GENERATED}/serving/empty_grpc.pb.h"
         "${AION_BENCH_GENERATED}/serving/empty_grpc.grpc.pb.h"
  COMMAND protobuf::protoc -I "${CMAKE_SOURCE_DIR}/bench" --cpp_out=${AION_BENCH_GENERATED}
          --grpc_out=${AION_BENCH_GENERATED} --plugin=protoc-gen-grpc=${grpc_plugin}
          "${AION_BENCH_SERVING}/empty_grpc.proto"
  DEPENDS "${AION_BENCH_SERVING}/empty_grpc.proto"
  COMMENT "protoc bench/serving/empty_grpc.proto")
add_library(aion_bench_proto STATIC ${made_sources})
target_include_directories(aion_bench_proto SYSTEM PUBLIC "${AION_BENCH_GENERATED}")
target_link_libraries(aion_bench_proto PUBLIC protobuf::libprotobuf gRPC::grpc++)
aion_add_bench(bench_empty_grpc "${AION_BENCH_SERVING}/empty_grpc.cc")
target_link_libraries(bench_empty_grpc PRIVATE aion_bench_proto)

# What a replay costs without reading a file.
add_executable(bench_engine "${CMAKE_SOURCE_DIR}/bench/simulate/engine.cc")
aion_use_house_settings(bench_engine)
target_link_libraries(bench_engine PRIVATE aion_simulate)

# What one decision costs when thousands of claims wait.
add_executable(bench_decision "${CMAKE_SOURCE_DIR}/bench/simulate/decision.cc")
aion_use_house_settings(bench_decision)
target_link_libraries(bench_decision PRIVATE aion_sched)

# How full each placement policy gets a cluster, and what a decision costs.
add_executable(bench_placement "${CMAKE_SOURCE_DIR}/bench/simulate/placement.cc")
aion_use_house_settings(bench_placement)
target_link_libraries(bench_placement PRIVATE aion_simulate)

# What one decision costs on a full cluster when thousands of claims wait.
add_executable(bench_cluster_decision "${CMAKE_SOURCE_DIR}/bench/simulate/cluster_decision.cc")
aion_use_house_settings(bench_cluster_decision)
target_link_libraries(bench_cluster_decision PRIVATE aion_simulate)

add_custom_target(aion_bench DEPENDS bench_floor bench_rawort bench_openloop bench_empty_grpc bench_engine bench_decision bench_placement
                  bench_cluster_decision)

# Deadlines of a car's models, kept by different orders of the same engine.
aion_add_bench(bench_deadlines "${AION_BENCH_SERVING}/deadlines.cc")
aion_use_house_settings(bench_deadlines)
target_link_libraries(bench_deadlines PRIVATE aion_serving aion_runtime)
