# Compiler settings that hold for every file of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
# Assertions stay on in every build type: AION_ASSERT is cheap, and a broken invariant must stop the process.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

# Third-party generated code gets none of these; see aion_add_proto().
set(AION_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Werror)

find_program(AION_CCACHE ccache)
if(AION_CCACHE)
  # With a precompiled header, ccache must be told that its time stamp does not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_NOHASHDIR=1 "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" ${AION_CCACHE})
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
find_program(AION_MOLD mold)
if(AION_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(AION_SANITIZE)
  add_compile_options(-fsanitize=${AION_SANITIZE} -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${AION_SANITIZE})
  # With fewer inlined calls g++ 12 sees Asio's own pair for coroutine frames (aligned_alloc, operator delete) as a mismatch.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
  if(AION_SANITIZE STREQUAL "thread")
    add_compile_options(-Wno-tsan)  # Asio has fences, which ThreadSanitizer does not see: at worst a false alarm
  endif()
endif()
