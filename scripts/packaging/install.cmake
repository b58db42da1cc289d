# What `cmake --install` puts where, and what a program that uses the library finds there. Everything may be moved as a whole: no file holds the prefix.
include(CMakePackageConfigHelpers)

# Libraries outside the system's folders (modules, Spack) are found again without LD_LIBRARY_PATH. (CMAKE_SKIP_INSTALL_RPATH=ON: for packages.)
set_target_properties(lockstep lockstep_shared PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
set_target_properties(lockstep_shared PROPERTIES EXPORT_NAME lockstep)
install(TARGETS lockstep RUNTIME COMPONENT lockstep)
install(TARGETS lockstep_shared EXPORT lockstep LIBRARY COMPONENT library NAMELINK_COMPONENT dev)

# For programs that use the library: headers, pkg-config, and a CMake package with the target lockstep::lockstep.
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lockstep)
file(RELATIVE_PATH PREFIX_FROM_PC ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" PREFIX_FROM_PC ${PREFIX_FROM_PC})
configure_file(${CMAKE_CURRENT_LIST_DIR}/lockstep.pc.in lockstep.pc @ONLY)
# What a program was built for with 0.2 it finds with 0.3: names are only added while the soname is liblockstep.so.0 (src/api/symbols.map).
write_basic_package_version_file(lockstep-config-version.cmake COMPATIBILITY SameMajorVersion)
install(DIRECTORY include/lockstep DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(FILES src/api/lockstep.f90 DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lockstep COMPONENT dev) # compiled by its user: .mod files are each compiler's
install(FILES src/api/lockstep.py DESTINATION lib/python3/dist-packages COMPONENT python) # looks for the library from there
install(FILES ${CMAKE_BINARY_DIR}/lockstep.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES ${CMAKE_BINARY_DIR}/lockstep-config-version.cmake DESTINATION ${cmake_dir} COMPONENT dev)
install(EXPORT lockstep FILE lockstep-config.cmake NAMESPACE lockstep:: DESTINATION ${cmake_dir} COMPONENT dev)

# The program writes its pages and completions itself, so it must run here.
set(PAGES ${CMAKE_BINARY_DIR}/share)
if(CMAKE_CROSSCOMPILING)
  message(NOTICE "-- built for another machine: no man pages and completions")
else()
  set(page_maker ${CMAKE_CURRENT_LIST_DIR}/make-pages)
  if(SCDOC)
    set(scdoc ${SCDOC})
  endif()
  add_custom_command(OUTPUT ${PAGES}.made DEPENDS lockstep ${page_maker} COMMENT "man pages and completions"
    COMMAND ${page_maker} $<TARGET_FILE:lockstep> ${PAGES} ${scdoc} COMMAND ${CMAKE_COMMAND} -E touch ${PAGES}.made)
  add_custom_target(pages ALL DEPENDS ${PAGES}.made)
  install(DIRECTORY ${PAGES}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT lockstep)
endif()

# The examples name their data from where they stand: ../../data; the program finds data/ from bin/ (cli.c).
install(DIRECTORY examples data DESTINATION ${CMAKE_INSTALL_DATADIR}/lockstep COMPONENT lockstep USE_SOURCE_PERMISSIONS
  PATTERN "runs" EXCLUDE PATTERN "*.so" EXCLUDE PATTERN ".gitignore" EXCLUDE)
install(FILES README.md LICENSE CHANGELOG.md CITATION.cff CONVENTIONS.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT docs)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT docs)
install(FILES bench/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/bench COMPONENT docs)
# The docs name examples as ../examples, and these name ../../docs.
file(RELATIVE_PATH examples ${CMAKE_INSTALL_FULL_DOCDIR} ${CMAKE_INSTALL_FULL_DATADIR}/lockstep/examples)
install(CODE "file(CREATE_LINK \"${examples}\" \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}/examples\" SYMBOLIC)" COMPONENT docs)
