# `cpack -G DEB` in the build folder: lockstep, liblockstep0, liblockstep-dev, python3-lockstep and lockstep-doc for Debian. scripts/package-test builds, checks and
# tries them; it configures with -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_SKIP_INSTALL_RPATH=ON.
set(CPACK_PACKAGE_CONTACT "The lockstep maintainers <maintainers@users.noreply.r-seed-f57958f5.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_COMPONENTS_ALL lockstep library dev python docs)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_STRIP_FILES ON)

# debian(COMPONENT PACKAGE SECTION SUMMARY DESCRIPTION)
macro(debian component package section summary description)
  set(CPACK_DEBIAN_${component}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${component}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${component}_DESCRIPTION "${summary}\n${description}")
endmacro()
debian(LOCKSTEP lockstep science "trainer of neural networks over MPI"
  "Trains feed-forward neural networks on CPUs, data-parallel over MPI, from one\nYAML file, to the same bits on any number of processes. Examples with their\ndata are in /usr/share/lockstep.")
debian(LIBRARY liblockstep0 libs "neural networks inside other programs - library"
  "Trained networks of lockstep inside other programs, and training on their own\nsamples while they run.")
debian(DEV liblockstep-dev libdevel "neural networks inside other programs - development"
  "Headers, pkg-config file and CMake package of liblockstep, and the header of\nlockstep's plug-in optimizers and schedules.")
debian(PYTHON python3-lockstep python "neural networks inside other programs - Python"
  "Trained networks of lockstep in Python, as functions of NumPy's arrays, and the\nmetrics of its runs.")
debian(DOCS lockstep-doc doc "trainer of neural networks over MPI - documentation"
  "Pages on configs, data, optimizers, checkpoints and clusters.")
set(CPACK_DEBIAN_LOCKSTEP_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
file(WRITE ${CMAKE_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/triggers)
set(CPACK_DEBIAN_LOCKSTEP_PACKAGE_RECOMMENDS "openmpi-bin, libopenblas0")
set(CPACK_DEBIAN_LOCKSTEP_PACKAGE_SUGGESTS "lockstep-doc, gnuplot-nox, dataset-fashion-mnist")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "liblockstep0 (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}), libopenmpi-dev")
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "liblockstep0 (>= ${PROJECT_VERSION}), python3, python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
file(WRITE ${CMAKE_BINARY_DIR}/prerm "#!/bin/sh\nset -e\nif command -v py3clean >/dev/null; then py3clean -p python3-lockstep; fi\n")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/prerm)
set(CPACK_DEBIAN_DOCS_PACKAGE_ARCHITECTURE all)

# What Debian wants of every package beside its files.
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_BINARY_DIR}/deb-files.cmake)
configure_file(${CMAKE_CURRENT_LIST_DIR}/deb-files.cmake.in deb-files.cmake @ONLY)
include(CPack)
