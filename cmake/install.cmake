# `cmake --install build/native-release --prefix DIR`: the program, and the engine as the package plena.
#   find_package(plena REQUIRED)
#   target_link_libraries(mine PRIVATE plena::driver)
get_property(plena_modules GLOBAL PROPERTY PLENA_MODULES)
set_target_properties(plena_options PROPERTIES EXPORT_NAME options)
install(TARGETS ${plena_modules} plena_options EXPORT plena ARCHIVE DESTINATION lib/plena)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/ DESTINATION include/plena
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "cli" EXCLUDE)
install(EXPORT plena NAMESPACE plena:: DESTINATION lib/cmake/plena FILE plenaTargets.cmake)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plenaConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/plenaConfig.cmake ${PROJECT_BINARY_DIR}/plenaConfigVersion.cmake
  DESTINATION lib/cmake/plena)
install(PROGRAMS $<TARGET_FILE:plena> DESTINATION bin)
