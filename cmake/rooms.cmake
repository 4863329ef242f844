# One static library per folder that LAYERS names, linked to the folders its line names, so that the
# linker sees the same house as tools/check_layers.

# Third-party libraries by room. A room not named here stands on the standard library alone.
set(AION_LINKS_base Boost::headers simdjson::simdjson OpenSSL::Crypto Threads::Threads ZLIB::ZLIB)
set(AION_LINKS_net Boost::headers PkgConfig::NGHTTP2 protobuf::libprotobuf ZLIB::ZLIB)
set(AION_LINKS_net_client CURL::libcurl)
set(AION_LINKS_resource_probe PkgConfig::HWLOC ${CMAKE_DL_LIBS})
set(AION_LINKS_plot ZLIB::ZLIB)
set(AION_LINKS_store_sqlite SQLite::SQLite3)
set(AION_LINKS_cli PNG::PNG PkgConfig::TURBOJPEG)
set(AION_LINKS_catalog_repository protobuf::libprotobuf)
set(AION_LINKS_runtime_backend ${CMAKE_DL_LIBS})
set(AION_LINKS_protocol_kserve protobuf::libprotobuf)

# Schemas by room: compiled into <room>'s generated folder and included as <room/name.pb.h>.
set(AION_PROTOS_catalog_repository model_config.proto)
set(AION_PROTOS_net grpc/reflection.proto)
set(AION_PROTOS_protocol_kserve infer.proto grpc_service.proto health.proto)
# On the way of a request; the others are compiled for size of the build: each takes half a minute at -O2.
set(AION_HOT_PROTOS infer.proto)

# Rooms that are programs of their own, and linked by nobody: see aion_add_supervisor().
set(AION_PROGRAMS runtime_supervisor)

# Rooms that are plug-ins: each is a shared library lib/libaion_<name>.so, which the program opens when it is needed. Whoever
# includes such a room sees its headers and links to nothing.
set(AION_PLUGINS runtime_backend_openvino)
set(AION_PLUGIN_NAME_runtime_backend_openvino openvino)

set(AION_GENERATED "${CMAKE_BINARY_DIR}/generated")

# Precompiled headers live in small libraries that every room, and every test, reuses.
add_library(aion_settings INTERFACE)
target_compile_definitions(aion_settings INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                   BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(aion_settings INTERFACE Boost::headers Threads::Threads)
# Libraries bring this flag to whoever links them; a precompiled header must be made with its users' flags.
target_compile_options(aion_settings INTERFACE -pthread)

function(aion_add_precompiled name header)
  file(WRITE "${CMAKE_BINARY_DIR}/${name}.cc" "// Carries the precompiled header.\n")
  add_library(${name} STATIC "${CMAKE_BINARY_DIR}/${name}.cc")
  target_link_libraries(${name} PUBLIC aion_settings ${ARGN})
  target_compile_options(${name} PRIVATE ${AION_WARNINGS})
  target_precompile_headers(${name} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/${header}")
endfunction()

aion_add_precompiled(aion_pch precompiled.h)

# A third argument names another library of precompiled headers than the usual one.
function(aion_use_house_settings target)
  set(precompiled aion_pch)
  if(ARGC GREATER 1)
    set(precompiled ${ARGV1})
  endif()
  target_include_directories(${target} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_include_directories(${target} SYSTEM PUBLIC "${AION_GENERATED}")
  target_compile_options(${target} PRIVATE ${AION_WARNINGS})
  target_link_libraries(${target} PUBLIC aion_settings)
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL EXECUTABLE)
    target_compile_options(${target} PRIVATE -fPIC)  # not -fPIE: the precompiled header is made with it
  endif()
  target_precompile_headers(${target} REUSE_FROM ${precompiled})
endfunction()

# Compiles the schemas of a room into library aion_<room>_proto, free of our warnings.
function(aion_add_proto room folder)
  set(library aion_${room}_proto)
  set(sources)
  foreach(proto IN LISTS AION_PROTOS_${room})
    set(path "${CMAKE_SOURCE_DIR}/src/${folder}/${proto}")
    if(NOT EXISTS "${path}")
      continue()
    endif()
    string(REGEX REPLACE "\\.proto$" "" stem "${AION_GENERATED}/${folder}/${proto}")
    get_filename_component(out "${stem}" DIRECTORY)
    file(MAKE_DIRECTORY "${out}")
    add_custom_command(
      OUTPUT "${stem}.pb.cc" "${stem}.pb.h"
      COMMAND protobuf::protoc -I "${CMAKE_SOURCE_DIR}/src" --cpp_out=${AION_GENERATED} "${path}"
      DEPENDS "${path}"
      COMMENT "protoc ${folder}/${proto}")
    list(APPEND sources "${stem}.pb.cc")
    if(NOT proto IN_LIST AION_HOT_PROTOS)
      set_source_files_properties("${stem}.pb.cc" PROPERTIES COMPILE_OPTIONS -O1)
    endif()
  endforeach()
  if(NOT sources)
    return()
  endif()
  add_library(${library} STATIC ${sources})
  target_include_directories(${library} SYSTEM PUBLIC "${AION_GENERATED}")
  target_link_libraries(${library} PUBLIC protobuf::libprotobuf)
  foreach(other catalog_repository)
    if(TARGET aion_${other}_proto AND NOT ${library} STREQUAL aion_${other}_proto)
      target_link_libraries(${library} PUBLIC aion_${other}_proto)
    endif()
  endforeach()
endfunction()

# Files of a room: its folder and the folders below it that are no rooms of their own.
function(aion_room_sources out folder rooms)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/src/${folder}/*.cc")
  set(mine)
  foreach(file IN LISTS files)
    set(owner "${folder}")
    foreach(room IN LISTS rooms)
      string(LENGTH "${room}" room_length)
      string(LENGTH "${owner}" owner_length)
      string(FIND "${file}" "${room}/" at)
      if(at EQUAL 0 AND room_length GREATER owner_length)
        set(owner "${room}")
      endif()
    endforeach()
    if(owner STREQUAL folder AND NOT file STREQUAL "daemon/main.cc")
      list(APPEND mine "${CMAKE_SOURCE_DIR}/src/${file}")
    endif()
  endforeach()
  set(${out} "${mine}" PARENT_SCOPE)
endfunction()

# Numbers that must not differ from one machine to the next: a fused multiply-add rounds once less.
set_source_files_properties("${CMAKE_SOURCE_DIR}/src/base/portable_math.cc" "${CMAKE_SOURCE_DIR}/src/simulate/synthetic.cc"
                            "${CMAKE_SOURCE_DIR}/src/sched/share/usage_history.cc" "${CMAKE_SOURCE_DIR}/src/sched/share_queue.cc"
                            PROPERTIES COMPILE_OPTIONS -ffp-contract=off)

function(aion_add_rooms layers)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${layers}")
  file(STRINGS "${layers}" lines REGEX "^[a-z][a-z_/]*:")
  set(folders)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ":.*" "" folder "${line}")
    list(APPEND folders "${folder}")
  endforeach()
  set(built)
  foreach(folder IN LISTS folders)
    string(REPLACE "/" "_" room "${folder}")
    aion_room_sources(sources "${folder}" "${folders}")
    if(AION_PROTOS_${room})
      aion_add_proto(${room} "${folder}")
    endif()
    if(sources AND NOT room IN_LIST AION_PLUGINS AND NOT room IN_LIST AION_PROGRAMS)
      add_library(aion_${room} STATIC ${sources})
      aion_use_house_settings(aion_${room})
    else()
      add_library(aion_${room} INTERFACE)
    endif()
    list(APPEND built "${folder}")
  endforeach()
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ":.*" "" folder "${line}")
    string(REGEX REPLACE "^[^:]*:" "" below "${line}")
    string(REGEX REPLACE "#.*" "" below "${below}")
    separate_arguments(below UNIX_COMMAND "${below}")
    if("*" IN_LIST below)
      set(below ${folders})
      list(REMOVE_ITEM below "${folder}")
    endif()
    string(REPLACE "/" "_" room "${folder}")
    get_target_property(type aion_${room} TYPE)
    set(scope PUBLIC)
    if(type STREQUAL INTERFACE_LIBRARY)
      set(scope INTERFACE)
    endif()
    foreach(to IN LISTS below)
      if(to STREQUAL "")  # a room that stands on nothing
        continue()
      endif()
      string(REPLACE "/" "_" to "${to}")
      target_link_libraries(aion_${room} ${scope} aion_${to})
    endforeach()
    target_link_libraries(aion_${room} ${scope} ${AION_LINKS_${room}})
    if(TARGET aion_${room}_proto)
      target_link_libraries(aion_${room} ${scope} aion_${room}_proto)
    endif()
  endforeach()
  if(TARGET aion_runtime_backend)
    get_target_property(type aion_runtime_backend TYPE)
    if(NOT type STREQUAL INTERFACE_LIBRARY)
      target_include_directories(aion_runtime_backend SYSTEM PRIVATE "${AION_ONNXRUNTIME_INCLUDE}")
      target_compile_definitions(aion_runtime_backend PRIVATE
        AION_ONNXRUNTIME_LIBRARY="${AION_ONNXRUNTIME_ROOT}/lib/libonnxruntime.so.1.30.0")
    endif()
  endif()
endfunction()

# Builds the sources of a room as a shared library that exports its entry alone.
function(aion_add_plugin room folder)
  set(name ${AION_PLUGIN_NAME_${room}})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${folder}/*.cc")
  add_library(aion_${name}_plugin MODULE ${sources})
  aion_use_house_settings(aion_${name}_plugin)
  set_target_properties(aion_${name}_plugin PROPERTIES OUTPUT_NAME aion_${name}
                        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
  target_link_libraries(aion_${name}_plugin PRIVATE aion_${room} ${ARGN})
  target_link_options(aion_${name}_plugin PRIVATE -Wl,--gc-sections
                      "-Wl,--version-script=${CMAKE_SOURCE_DIR}/cmake/plugin.map")
endfunction()

function(aion_add_plugins)
  if(AION_WITH_OPENVINO)
    aion_add_plugin(runtime_backend_openvino runtime/backend/openvino "${AION_OPENVINO_LIBRARY}")
    target_include_directories(aion_openvino_plugin SYSTEM PRIVATE "${AION_OPENVINO_INCLUDE}")
    add_dependencies(aion_runtime_backend aion_openvino_plugin)  # opened at run time, so built with whoever may open it
  endif()
endfunction()

# Static and without the C++ library, so that a start of it costs next to nothing.
function(aion_add_supervisor)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/runtime/supervisor/*.cc")
  add_executable(aion_supervisor ${sources})
  set_target_properties(aion_supervisor PROPERTIES OUTPUT_NAME aion-supervisor POSITION_INDEPENDENT_CODE OFF)
  target_include_directories(aion_supervisor PRIVATE "${CMAKE_SOURCE_DIR}/src")
  target_compile_options(aion_supervisor PRIVATE ${AION_WARNINGS} -Os -fno-exceptions -fno-rtti -fno-threadsafe-statics
                         -ffunction-sections -fno-sanitize=all)
  target_link_options(aion_supervisor PRIVATE -static -s -Wl,--gc-sections -fno-sanitize=all)
  add_dependencies(aion_runtime_process aion_supervisor)  # started at run time, so built with whoever may start it
endfunction()

function(aion_add_program)
  if(NOT EXISTS "${CMAKE_SOURCE_DIR}/src/daemon/main.cc")
    return()
  endif()
  add_executable(aion "${CMAKE_SOURCE_DIR}/src/daemon/main.cc")
  aion_use_house_settings(aion)
  target_link_libraries(aion PRIVATE aion_daemon)
endfunction()
