# What the house stands on. `tools/setup build` installs all of it.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(simdjson 3.0 CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(CURL REQUIRED)
find_package(PNG REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)

# ONNX Runtime: headers of API 21 at build time; the library is opened at run time, so nothing links to it.
set(AION_ONNXRUNTIME_ROOT "${CMAKE_SOURCE_DIR}/.deps/onnxruntime" CACHE PATH "include/ and lib/ of ONNX Runtime")
find_path(AION_ONNXRUNTIME_INCLUDE onnxruntime_c_api.h
          HINTS "${AION_ONNXRUNTIME_ROOT}/include" PATH_SUFFIXES onnxruntime NO_CACHE)
if(NOT AION_ONNXRUNTIME_INCLUDE)
  message(FATAL_ERROR "onnxruntime_c_api.h not found under ${AION_ONNXRUNTIME_ROOT}/include; run tools/setup build")
endif()

# OpenVINO: the plug-in of its backend links to it, the program does not.
option(AION_WITH_OPENVINO "Build the plug-in of the backend openvino" ON)
set(AION_OPENVINO_ROOT "${CMAKE_SOURCE_DIR}/.deps/openvino" CACHE PATH "include/ and lib/ of OpenVINO")
if(AION_WITH_OPENVINO)
  find_path(AION_OPENVINO_INCLUDE openvino/openvino.hpp HINTS "${AION_OPENVINO_ROOT}/include" NO_CACHE)
  find_library(AION_OPENVINO_LIBRARY NAMES libopenvino.so.2641 libopenvino.so HINTS "${AION_OPENVINO_ROOT}/lib" NO_CACHE)
  if(NOT AION_OPENVINO_INCLUDE OR NOT AION_OPENVINO_LIBRARY)
    message(FATAL_ERROR "OpenVINO not found under ${AION_OPENVINO_ROOT}; run tools/setup build, or configure with -DAION_WITH_OPENVINO=OFF")
  endif()
endif()
