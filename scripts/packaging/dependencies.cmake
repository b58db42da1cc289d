# What lockstep is built with: each library once, with its use and its names elsewhere. All that are missing are named at once.
# docs/install.md says how to come by them.
set(MISSING "")

# needs(FOUND NAME USE DEBIAN FEDORA SPACK): FOUND is a variable's name.
macro(needs found name use debian fedora spack)
  if(NOT ${found})
    string(APPEND MISSING "  ${name}: ${use}\n      Debian ${debian}   Fedora, RHEL ${fedora}   Spack ${spack}\n")
  endif()
endmacro()

# library(NAME MODULE USE DEBIAN FEDORA SPACK): by pkg-config, for every target of ours.
macro(library name module use debian fedora spack)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
  endif()
  needs(${name}_FOUND ${module} "${use}" ${debian} ${fedora} ${spack})
  list(APPEND LIBRARIES PkgConfig::${name})
endmacro()

find_package(PkgConfig QUIET)
find_package(Threads REQUIRED)
# Open MPI's compiler without its headers (Debian's openmpi-bin alone): find_package would end with an error of CMake's own, which names no package.
find_program(MPI_WRAPPER NAMES ${MPI_C_COMPILER} mpicc)
if(MPI_WRAPPER AND NOT MPI_SKIP_COMPILER_WRAPPER)
  execute_process(COMMAND ${MPI_WRAPPER} -showme:incdirs OUTPUT_VARIABLE folders ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  separate_arguments(folders)
  foreach(folder IN LISTS folders)
    if(failed EQUAL 0 AND NOT EXISTS ${folder})
      set(CMAKE_DISABLE_FIND_PACKAGE_MPI ON)
    endif()
  endforeach()
endif()
unset(MPI_WRAPPER CACHE)
find_package(MPI QUIET COMPONENTS C)
find_package(HDF5 QUIET COMPONENTS C HL)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h)
needs(PKG_CONFIG_FOUND pkg-config "finds the libraries; without it none of those below is seen" pkg-config pkgconf-pkg-config pkgconf)
needs(MPI_C_FOUND MPI "the ranks of a run" libopenmpi-dev openmpi-devel openmpi)
needs(HDF5_FOUND "HDF5 with HL" "checkpoints and data" libhdf5-dev hdf5-devel hdf5+hl)
library(YAML yaml-0.1 "configs" libyaml-dev libyaml-devel libyaml)
library(JANSSON jansson "metrics, records and --json" libjansson-dev jansson-devel jansson)
library(ZLIB zlib ".gz data and compressed datasets" zlib1g-dev zlib-devel zlib-api)
library(ZIP libzip "export --to npz, data in .zip" libzip-dev libzip-devel libzip)
library(XXHASH libxxhash "hashes of weights and the digests in checkpoints" libxxhash-dev xxhash-devel xxhash)
library(CRYPTO libcrypto "digests of data files" libssl-dev openssl-devel openssl)
needs(RANDOM123_INCLUDE_DIR Random123 "random numbers (headers alone: nothing is needed to run)" librandom123-dev Random123-devel random123)
if(MISSING)
  message(FATAL_ERROR "lockstep is built with these, which are not found:\n${MISSING}"
    "On Debian scripts/setup installs them; elsewhere see docs/install.md.")
endif()

# The CBLAS of `train.gemm: blas` and `bench gemm`. It is loaded where it is asked for (src/model/blas.h says why), so no header is needed, and to run the rest not
# even the library. Another: -DLOCKSTEP_BLAS=/path/libmkl_rt.so.2 (BLIS, ArmPL, Netlib ...); none: -DLOCKSTEP_BLAS=OFF.
find_library(LOCKSTEP_BLAS NAMES libopenblas.so.0 openblas libblis.so.4 blis mkl_rt armpl_lp64 libcblas.so.3 cblas libblas.so.3 blas)
if(LOCKSTEP_BLAS)
  set(CMAKE_REQUIRED_LIBRARIES ${LOCKSTEP_BLAS})
  check_function_exists(cblas_dgemm LOCKSTEP_BLAS_FITS)
  unset(CMAKE_REQUIRED_LIBRARIES)
endif()
if(LOCKSTEP_BLAS AND LOCKSTEP_BLAS_FITS)
  set_source_files_properties(src/model/blas.c PROPERTIES COMPILE_DEFINITIONS LOCKSTEP_BLAS="${LOCKSTEP_BLAS}")
else()
  message(NOTICE "-- no CBLAS is found (Debian libopenblas0, Fedora, RHEL openblas, Spack openblas): built without train.gemm: blas")
endif()

# oneDNN, for `bench gemm` alone, in the same way.
find_library(LOCKSTEP_ONEDNN NAMES libdnnl.so.3 libdnnl.so.2 dnnl)
if(LOCKSTEP_ONEDNN)
  set_source_files_properties(src/cli/bench/onednn.c PROPERTIES COMPILE_DEFINITIONS LOCKSTEP_ONEDNN="${LOCKSTEP_ONEDNN}")
endif()

# Only tests and pages need these; without them the rest is built.
pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
find_program(SCDOC scdoc)
if(LOCKSTEP_TESTS AND NOT CMOCKA_FOUND)
  message(NOTICE "-- cmocka is not found (Debian libcmocka-dev, Fedora, RHEL libcmocka-devel, Spack cmocka): the tests are not built")
  set(LOCKSTEP_TESTS OFF)
endif()
if(NOT SCDOC)
  message(NOTICE "-- scdoc is not found (Debian, Fedora scdoc): the man pages are not built; lockstep help says the same")
endif()
