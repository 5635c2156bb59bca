# What `cmake --install` lays down: the library with headers, pkg-config file and CMake package; the command line with its man pages; the
# library that VMMs preload, where the command line looks for it. Everything is found from where it lies, so a prefix can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(gvtcore_shared PROPERTIES EXPORT_NAME gvtcore)
target_include_directories(gvtcore_shared INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS gvtcore_shared EXPORT gvtcore LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} NAMELINK_COMPONENT Development)
install(DIRECTORY include/gvtcore DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT Development)

set(_package ${CMAKE_INSTALL_LIBDIR}/cmake/gvtcore)
install(EXPORT gvtcore FILE gvtcoreConfig.cmake NAMESPACE gvtcore:: DESTINATION ${_package} COMPONENT Development)
# Before 1.0 a minor version may break what the one before it had.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/gvtcoreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/gvtcoreConfigVersion.cmake DESTINATION ${_package} COMPONENT Development)

file(RELATIVE_PATH GVT_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/gvtcore.pc.in ${PROJECT_BINARY_DIR}/gvtcore.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/gvtcore.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT Development)

install(TARGETS gvtcore RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS gvtcore_vfio LIBRARY DESTINATION lib)
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
