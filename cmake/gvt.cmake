# gvt_library(FOLDER): the static library gvt_FOLDER from FOLDER/*.cc, linked to exactly what cmake/layers.txt lets it include.
# gvt_executable(NAME SOURCES...): a program of ours, with the warnings. Those of tools/ and bench/ also belong to the target
# `programs`, which is what ./run builds.
# gvt_add_subdirectory(FOLDER): add_subdirectory for a folder that exists.

file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/layers.txt _gvt_layer_lines REGEX "^[a-z_/]+:")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/layers.txt)
set(GVT_FOLDERS "")
foreach(_line IN LISTS _gvt_layer_lines)
  string(REGEX MATCH "^([a-z_/]+):(.*)$" _ "${_line}")
  set(_folder ${CMAKE_MATCH_1})
  string(STRIP "${CMAKE_MATCH_2}" _allowed)
  string(REPLACE " " ";" _allowed "${_allowed}")
  set(GVT_LAYER_${_folder} "${_allowed}")
  list(APPEND GVT_FOLDERS ${_folder})
endforeach()

set(GVT_WARNINGS -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wimplicit-fallthrough)
if(GVT_WERROR)
  list(APPEND GVT_WARNINGS -Werror)
endif()

add_custom_target(programs)

function(gvt_library folder)
  if(NOT DEFINED GVT_LAYER_${folder})
    message(FATAL_ERROR "${folder} has no row in cmake/layers.txt")
  endif()
  file(GLOB _sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_library(gvt_${folder} STATIC ${_sources})
  set_target_properties(gvt_${folder} PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(gvt_${folder} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(gvt_${folder} PRIVATE ${GVT_WARNINGS} -fno-exceptions -fno-rtti)
  foreach(_below IN LISTS GVT_LAYER_${folder})
    if(NOT _below STREQUAL "include")
      target_link_libraries(gvt_${folder} PUBLIC gvt_${_below})
    endif()
  endforeach()
endfunction()

function(gvt_executable name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${GVT_WARNINGS})
  if(CMAKE_CURRENT_SOURCE_DIR MATCHES "^${PROJECT_SOURCE_DIR}/(tools|bench)(/|$)")
    add_dependencies(programs ${name})
  endif()
endfunction()

function(gvt_add_subdirectory folder)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${folder}/CMakeLists.txt)
    add_subdirectory(${folder})
  endif()
endfunction()
