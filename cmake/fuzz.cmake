# tests/fuzz/<name>_fuzz.cc becomes one libFuzzer program, linked to the rooms whose headers it includes.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "AION_BUILD_FUZZERS needs clang (tools/setup fuzz); ./test --all configures it so")
endif()

# Every room is compiled for the fuzzer. What only clang warns about is the business of tools/tidy.
target_compile_options(aion_settings INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
                                       -fno-omit-frame-pointer -Wno-error)
target_link_options(aion_settings INTERFACE -fsanitize=address,undefined)
# Boost.Asio 1.81 does not see coroutines under clang with libstdc++.
target_compile_definitions(aion_settings INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)

add_custom_target(aion_fuzzers)

# The library of the room that a header lives in: the longest folder of its path that is one.
function(aion_room_of_header out header)
  set(${out} "" PARENT_SCOPE)
  get_filename_component(folder "${header}" DIRECTORY)
  while(folder)
    string(REPLACE "/" "_" room "${folder}")
    if(TARGET aion_${room})
      set(${out} aion_${room} PARENT_SCOPE)
      return()
    endif()
    get_filename_component(folder "${folder}" DIRECTORY)
  endwhile()
endfunction()

function(aion_add_fuzzer source)
  get_filename_component(name "${source}" NAME_WE)
  add_executable(${name} "${source}")
  aion_use_house_settings(${name})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  file(STRINGS "${source}" includes REGEX "^#include \"")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" header "${include}")
    aion_room_of_header(room "${header}")
    if(room)
      target_link_libraries(${name} PRIVATE ${room})
    endif()
  endforeach()
  add_dependencies(aion_fuzzers ${name})
endfunction()

file(GLOB fuzzers CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc")
foreach(fuzzer IN LISTS fuzzers)
  aion_add_fuzzer("${fuzzer}")
endforeach()
