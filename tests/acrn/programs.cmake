# What `gvtcore conformance acrn` loads: the host for ACRN, on the stand-in.
add_library(gvtcore_acrn_stand_in MODULE acrn/conformance_module.cc acrn/device_model.cc acrn/stand_in.cc)
target_include_directories(gvtcore_acrn_stand_in PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(gvtcore_acrn_stand_in PRIVATE ${GVT_WARNINGS} -fvisibility=hidden)
target_link_libraries(gvtcore_acrn_stand_in PRIVATE gvt_hostif_acrn Threads::Threads)
set_target_properties(gvtcore_acrn_stand_in PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
add_dependencies(product gvtcore_acrn_stand_in)
install(TARGETS gvtcore_acrn_stand_in LIBRARY DESTINATION lib)
