# tests/<folder of src>/*_test.cc becomes one program; each gtest case is a test of CTest.
# Folders whose tests also run under the sanitizers (parsers and what holds state over time).
set(AION_SANITIZED base store/sqlite tensor graph net net/client serving runtime runtime/backend catalog/repository resource resource/probe plot sched sched/policy sched/share sched/cluster simulate
    protocol/kserve contract/backend contract/engine jobs jobs/environment)
if(AION_SANITIZE STREQUAL "thread")
  # Debian's protobuf is not built for ThreadSanitizer: its maps, which are half inline, crash under it.
  list(REMOVE_ITEM AION_SANITIZED catalog/repository protocol/kserve)
endif()

# OpenVINO under sanitizers: test presets tell its thread library to open others without RTLD_DEEPBIND, and the allocator to
# answer a request of 2^63 bytes, which its reader of model.xml makes, as malloc does. ThreadSanitizer does not see how its
# threads agree, so the tests leave it out there.
set(AION_TEST_OPENVINO ${AION_WITH_OPENVINO})
if(AION_SANITIZE STREQUAL "thread")
  set(AION_TEST_OPENVINO OFF)
endif()

# What the tests of a folder need beyond the room itself: the client is tested against the real server.
set(AION_TEST_LINKS_net_client aion_net)

find_package(GTest REQUIRED)
include(GoogleTest)

# Small models that tests and benches read; made by a script, never committed.
set(AION_TEST_MODELS "${CMAKE_BINARY_DIR}/models")
set(AION_PYTHON "${CMAKE_SOURCE_DIR}/.deps/venv/bin/python" CACHE FILEPATH "Python with the packages of tools/requirements/test.txt")
if(EXISTS "${AION_PYTHON}" AND EXISTS "${CMAKE_SOURCE_DIR}/tests/models/make_models.py")
  add_custom_command(
    OUTPUT "${AION_TEST_MODELS}/.made"
    COMMAND "${AION_PYTHON}" "${CMAKE_SOURCE_DIR}/tests/models/make_models.py" "${AION_TEST_MODELS}"
    COMMAND ${CMAKE_COMMAND} -E touch "${AION_TEST_MODELS}/.made"
    DEPENDS "${CMAKE_SOURCE_DIR}/tests/models/make_models.py" "${CMAKE_SOURCE_DIR}/tests/models/other_formats.py"
    COMMENT "Making the test models")
  add_custom_target(aion_test_models ALL DEPENDS "${AION_TEST_MODELS}/.made")
else()
  add_custom_target(aion_test_models)
endif()

# The real gRPC client calls our server: stubs of our schemas, for tests alone.
find_package(gRPC 1.51 CONFIG REQUIRED)
get_target_property(grpc_plugin gRPC::grpc_cpp_plugin LOCATION)
set(stub_sources)
foreach(stem protocol/kserve/grpc_service protocol/kserve/health)
  set(stub "${AION_GENERATED}/${stem}.grpc.pb.cc")
  add_custom_command(
    OUTPUT "${stub}" "${AION_GENERATED}/${stem}.grpc.pb.h"
    COMMAND protobuf::protoc -I "${CMAKE_SOURCE_DIR}/src" --grpc_out=${AION_GENERATED}
            --plugin=protoc-gen-grpc=${grpc_plugin} "${CMAKE_SOURCE_DIR}/src/${stem}.proto"
    DEPENDS "${CMAKE_SOURCE_DIR}/src/${stem}.proto"
    COMMENT "protoc ${stem}.proto, stubs")
  list(APPEND stub_sources "${stub}")
endforeach()
add_library(aion_grpc_stubs STATIC ${stub_sources})
target_link_libraries(aion_grpc_stubs PUBLIC aion_protocol_kserve_proto gRPC::grpc++)
set(AION_TEST_LINKS_protocol_kserve aion_grpc_stubs)
set(AION_TEST_LINKS_jobs aion_store_sqlite)

aion_add_precompiled(aion_test_pch precompiled_test.h GTest::gmock)

add_custom_target(aion_sanitized_tests)

function(aion_add_test_folder folder)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${folder}/*.cc")
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/${folder}/*_test.cc")
  if(NOT tests)
    return()
  endif()
  string(REPLACE "/" "_" name "${folder}")
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE "${CMAKE_SOURCE_DIR}")
  target_compile_definitions(${name}_test PRIVATE AION_TEST_MODELS="${AION_TEST_MODELS}"
                                                  AION_PROGRAM="${CMAKE_BINARY_DIR}/bin/aion"
                                                  AION_SUPERVISOR="${CMAKE_BINARY_DIR}/bin/aion-supervisor"
                                                  AION_SOURCE_FOLDER="${CMAKE_SOURCE_DIR}"
                                                  $<$<BOOL:${AION_TEST_OPENVINO}>:AION_TEST_OPENVINO>)
  aion_use_house_settings(${name}_test aion_test_pch)
  add_dependencies(${name}_test aion_test_models)
  if(TARGET aion_${name})
    target_link_libraries(${name}_test PRIVATE aion_${name})
  elseif(folder STREQUAL "contract/backend")
    target_link_libraries(${name}_test PRIVATE aion_runtime)  # the list of its adapters
  elseif(folder STREQUAL "contract/engine")
    target_link_libraries(${name}_test PRIVATE aion_jobs_engine)
  else()
    target_link_libraries(${name}_test PRIVATE aion_daemon)  # tests/contract/<port>: every adapter
  endif()
  target_link_libraries(${name}_test PRIVATE ${AION_TEST_LINKS_${name}} GTest::gmock GTest::gtest_main)
  set(label unit)  # one label each: gtest_discover_tests takes a list here for the next property's name
  if(folder IN_LIST AION_SANITIZED)
    set(label sanitized)
    add_dependencies(aion_sanitized_tests ${name}_test)
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${folder}: " DISCOVERY_MODE PRE_TEST
                       PROPERTIES LABELS ${label} TIMEOUT 120 ENVIRONMENT "ORT_DISABLE_TELEMETRY=1")
endfunction()

# Drivers that tell what a test has written down.
foreach(variant nvml nvml_old)
  add_library(aion_fake_${variant} MODULE "${CMAKE_SOURCE_DIR}/tests/resource/probe/nvml/fake.cc")
  target_include_directories(aion_fake_${variant} PRIVATE "${CMAKE_SOURCE_DIR}")
endforeach()
target_compile_definitions(aion_fake_nvml_old PRIVATE FAKE_NVML_OLD)

file(GLOB_RECURSE test_files CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}/tests" "${CMAKE_SOURCE_DIR}/tests/*_test.cc")
set(test_folders)
foreach(file IN LISTS test_files)
  get_filename_component(folder "${file}" DIRECTORY)
  list(APPEND test_folders "${folder}")
endforeach()
list(REMOVE_DUPLICATES test_folders)
foreach(folder IN LISTS test_folders)
  aion_add_test_folder("${folder}")
endforeach()
target_compile_definitions(resource_probe_test PRIVATE AION_FAKE_NVML="$<TARGET_FILE:aion_fake_nvml>"
                                                       AION_FAKE_NVML_OLD="$<TARGET_FILE:aion_fake_nvml_old>")
add_dependencies(resource_probe_test aion_fake_nvml aion_fake_nvml_old)
