# The library as those who use it get it: installed, and with the binary interface that is on record.
if(GVT_SANITIZE OR GVT_COVERAGE)
  return()  # an instrumented library needs an instrumented consumer
endif()

add_test(NAME package.consumers
  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/package/consumers.py --build ${PROJECT_BINARY_DIR})
set_tests_properties(package.consumers PROPERTIES LABELS build TIMEOUT 300)

# Types come from debug information, which is in the dev build.
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_test(NAME package.abi COMMAND ${PROJECT_SOURCE_DIR}/scripts/abi.sh check $<TARGET_FILE:gvtcore_shared>)
  set_tests_properties(package.abi PROPERTIES LABELS build TIMEOUT 300)
endif()
