# muster_build: what every target of muster is compiled with; never exported.
add_library(muster_build INTERFACE)
target_compile_features(muster_build INTERFACE cxx_std_20)
target_compile_definitions(muster_build INTERFACE MUSTER_JSON_COMPILED)  # see include/muster/json.hpp
target_include_directories(muster_build INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(muster_build INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wconversion -Wsign-conversion -Wextra-semi
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond -Wlogical-op -Wno-tsan>
  $<$<BOOL:${MUSTER_WERROR}>:-Werror>)
if(MUSTER_SANITIZE)
  target_compile_options(muster_build INTERFACE -fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(muster_build INTERFACE -fsanitize=${MUSTER_SANITIZE})
  if(MUSTER_SANITIZE MATCHES "undefined")
    # No vptr check: it asks through a pipe whether memory can be read, so in a process out of descriptors
    # (which the broker must survive, and a test makes) it takes every good object for a bad one.
    target_compile_options(muster_build INTERFACE -fno-sanitize-recover=undefined -fno-sanitize=vptr)
  endif()
endif()
if(MUSTER_BUILD_FUZZ)
  # Coverage of every library, or the fuzzer would see its own few lines only.
  target_compile_options(muster_build INTERFACE -fsanitize=fuzzer-no-link)
endif()
