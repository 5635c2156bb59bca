# The modules that the tests load.
target_compile_definitions(test_conformance PRIVATE GVT_MODULES="${CMAKE_BINARY_DIR}/modules")
add_library(broken MODULE conformance/broken.c conformance/broken_core.c ${PROJECT_SOURCE_DIR}/examples/mpt/toy_hypervisor.c)
target_compile_options(broken PRIVATE -Wall -Wextra -Wconversion -fvisibility=hidden $<$<BOOL:${GVT_WERROR}>:-Werror>
  -fno-sanitize=all)  # what it does wrong is on purpose
target_include_directories(broken PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(broken PRIVATE Threads::Threads)
set_target_properties(broken PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
add_dependencies(test_conformance minimal_host kvmgt xengt acrngt xxxgt broken)
