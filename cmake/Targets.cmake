# muster_library(NAME SOURCES ... PUBLIC libs ... PRIVATE libs ...): one static library of a folder.
function(muster_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE $<BUILD_INTERFACE:muster_build> ${arg_PRIVATE})
endfunction()

# muster_test(NAME LABEL unit|integration|interop [TIMEOUT s] SOURCES ... LIBS ...): one GoogleTest
# program; each of its tests becomes a ctest.
function(muster_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LIBS;PROPERTIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE muster_build muster_test_support ${arg_LIBS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM muster_test_headers)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  # Values are no part of the names: where they hold addresses, no two runs would agree on them.
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES TEST_PREFIX "${arg_LABEL}."
    PROPERTIES ENVIRONMENT MUSTER_CGROUP=off LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} ${arg_PROPERTIES})
endfunction()
