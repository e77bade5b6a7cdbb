# What `cmake --install` puts where: the libraries, till.h, the providers, and what pkg-config and CMake need to find them.
# Headers of the core are not installed: till.h is the whole surface.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The library finds its providers from its own place, wherever the installed tree was moved to.
file(RELATIVE_PATH providers_from_libdir "${CMAKE_INSTALL_FULL_LIBDIR}" "${CMAKE_INSTALL_FULL_DATADIR}/till/providers")
set_source_files_properties("${PROJECT_SOURCE_DIR}/core/runtime/install_path.cpp" TARGET_DIRECTORY till_runtime PROPERTIES
  COMPILE_DEFINITIONS "TILL_PROVIDERS_FROM_LIBDIR=\"${providers_from_libdir}\"")

option(TILL_INSTALL "Install the library, its header and the providers" ${PROJECT_IS_TOP_LEVEL})
if(NOT TILL_INSTALL)
  return()
endif()
set_target_properties(till_static PROPERTIES EXCLUDE_FROM_ALL FALSE)

# What a program that holds libtill.a must link besides, in link order.
set(TILL_STATIC_LINK ssl crypto sqlite3 lua5.4 secp256k1 boost_url simdjson stdc++ m pthread dl)
list(TRANSFORM TILL_STATIC_LINK PREPEND "-l" OUTPUT_VARIABLE TILL_LIBS_PRIVATE)
list(JOIN TILL_LIBS_PRIVATE " " TILL_LIBS_PRIVATE)

# Relative, so that the installed tree may be moved.
file(RELATIVE_PATH prefix_from_pc "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/till.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/till.pc" @ONLY)
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tillConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/tillConfig.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/till" PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_DATADIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/tillConfigVersion.cmake" COMPATIBILITY SameMinorVersion)

install(TARGETS till LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT till NAMELINK_COMPONENT till)
install(TARGETS till_static ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT till)
install(FILES "${PROJECT_SOURCE_DIR}/bindings/c/till.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT till)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/till.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT till)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/tillConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/tillConfigVersion.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/till" COMPONENT till)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/plugins/providers/" DESTINATION "${CMAKE_INSTALL_DATADIR}/till/providers" COMPONENT till
  FILES_MATCHING PATTERN manifest.json PATTERN provider.lua PATTERN README.md PATTERN fixtures EXCLUDE)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/till" COMPONENT till)
