# A client of VFIO under the preloaded library. Sanitizers want to be the first library of a program themselves.
add_executable(vfio_client vfio_preload/vfio_client.c)
target_compile_options(vfio_client PRIVATE -Wall -Wextra -Wconversion $<$<BOOL:${GVT_WERROR}>:-Werror>)
if(NOT GVT_SANITIZE)
  foreach(_part IN ITEMS conversation children stranger)
    add_test(NAME vfio_preload.${_part}
      COMMAND ${CMAKE_COMMAND} -E env LD_PRELOAD=$<TARGET_FILE:gvtcore_vfio> $<TARGET_FILE:vfio_client> ${_part})
    set_tests_properties(vfio_preload.${_part} PROPERTIES LABELS unit TIMEOUT 60)
  endforeach()
endif()
