# How this project's libraries and tests are declared: the same warnings, sanitizers and include root everywhere.

find_program(TILL_CCACHE ccache)
if(TILL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TILL_CCACHE}")
endif()

add_library(till_options INTERFACE)
target_include_directories(till_options INTERFACE "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
target_compile_options(till_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives in its own std::string, std::variant and coroutine code when it inlines them.
  target_compile_options(till_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-maybe-uninitialized -Wno-mismatched-new-delete>)
endif()
if(TILL_SANITIZE)
  target_compile_options(till_options INTERFACE -fsanitize=${TILL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(till_options INTERFACE -fsanitize=${TILL_SANITIZE})
endif()

# Sanitizers look at the core; the tests, whose templates would take half as long again to compile, are compiled without
# optimisation and undefined behaviour is not looked for in them. Linked last: the last flag counts.
add_library(till_test_options INTERFACE)
if(TILL_SANITIZE)
  target_compile_options(till_test_options INTERFACE -O0)
endif()
if(TILL_SANITIZE MATCHES "undefined")
  target_compile_options(till_test_options INTERFACE -fno-sanitize=undefined)
endif()

# Precompiled headers, which nearly every file would read anew: the standard library's for the core, Google Test's for
# the tests. Off unless asked for: a file that forgets an #include compiles with them.
if(TILL_PRECOMPILE)
  set(TILL_CORE_HEADERS <algorithm> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional> <span> <string>
    <string_view> <utility> <variant> <vector>)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled.cpp" CONTENT "")
  add_library(till_core_headers OBJECT "${PROJECT_BINARY_DIR}/precompiled.cpp")
  target_link_libraries(till_core_headers PRIVATE till_options)
  target_precompile_headers(till_core_headers PRIVATE ${TILL_CORE_HEADERS})
endif()

# till_compile_together(target): some of its files at once, which takes less than half the time. Names in anonymous
# namespaces must differ then. Everyday builds of the core do without: there one file changes at a time.
function(till_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)  # of types that only look as if a header had them
  endif()
endfunction()

# till_library(room SOURCES file... DEPS target...): the static library till_<room>.
function(till_library room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(till_${room} STATIC ${ARG_SOURCES})
  add_library(till::${room} ALIAS till_${room})
  target_link_libraries(till_${room} PUBLIC till_options ${ARG_DEPS})
  if(TILL_PRECOMPILE)
    target_precompile_headers(till_${room} REUSE_FROM till_core_headers)
  endif()
  if(TILL_SANITIZE)
    till_compile_together(till_${room})
  endif()
endfunction()

# till_test(room SOURCES file... DEPS target... [FIXTURES name...]): the GoogleTest program till_test_<room>, each of its
# tests known to ctest. A start takes longer than most tests, so with TILL_TEST_SHARES ctest knows a program's shares
# instead, whose reports of single tests are reports/<room>.<share>.xml of the build folder. Beside them, ctest knows the
# tests that TILL_TESTS_ALONE filters: those whose forked children start threads, which ThreadSanitizer supports only
# where no other test has started any before, and none is inside its allocator at the fork.
function(till_test room)
  if(TILL_PRECOMPILE AND NOT TARGET till_test_headers)
    add_executable(till_test_headers "${PROJECT_BINARY_DIR}/precompiled.cpp")  # position independent as the tests are
    target_link_libraries(till_test_headers PRIVATE till_options GTest::gtest GTest::gmock GTest::gtest_main till_test_options)
    target_precompile_headers(till_test_headers PRIVATE ${TILL_CORE_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;FIXTURES" ${ARGN})
  add_executable(till_test_${room} ${ARG_SOURCES})
  target_link_libraries(till_test_${room} PRIVATE till_options ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main till_test_options)
  target_compile_definitions(till_test_${room} PRIVATE
    TILL_TEST_VECTORS="${PROJECT_SOURCE_DIR}/tests/vectors" TILL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  if(TILL_PRECOMPILE)
    target_precompile_headers(till_test_${room} REUSE_FROM till_test_headers)
    till_compile_together(till_test_${room})
  endif()
  if(NOT TILL_TEST_SHARES)
    gtest_discover_tests(till_test_${room} TEST_PREFIX "${room}."
      PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED "${ARG_FIXTURES}" DISCOVERY_TIMEOUT 60)
    return()
  endif()
  set(shares 4)
  foreach(share RANGE 1 ${shares})
    math(EXPR index "${share} - 1")
    add_test(NAME ${room}.${share} COMMAND till_test_${room} --gtest_brief=1)
    set_tests_properties(${room}.${share} PROPERTIES TIMEOUT 600 FIXTURES_REQUIRED "${ARG_FIXTURES}"
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${shares};GTEST_SHARD_INDEX=${index};GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/reports/${room}.${share}.xml")
  endforeach()
  if(TILL_TESTS_ALONE)
    gtest_discover_tests(till_test_${room} TEST_FILTER "${TILL_TESTS_ALONE}" TEST_PREFIX "${room}.alone."
      PROPERTIES TIMEOUT 300 FIXTURES_REQUIRED "${ARG_FIXTURES}" DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
