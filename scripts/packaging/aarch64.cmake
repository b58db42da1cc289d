# Builds for 64-bit Arm on another Debian: cmake -DCMAKE_TOOLCHAIN_FILE=scripts/packaging/aarch64.cmake -DCMAKE_SYSROOT=FOLDER, where FOLDER has the arm64
# packages of what lockstep is built with, MPICH among them (scripts/arm-bits makes one). Tests run under qemu-aarch64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64;-L;${CMAKE_SYSROOT})

set(LIBRARIES_OF_ARM ${CMAKE_SYSROOT}/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
set(ENV{PKG_CONFIG_LIBDIR} ${LIBRARIES_OF_ARM}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})

# The compiler wrappers of MPI and HDF5 are this machine's, or do not run on it: named, or found without them.
set(MPI_SKIP_COMPILER_WRAPPER ON)
set(MPI_C_LIB_NAMES mpich CACHE STRING "")
set(MPI_mpich_LIBRARY ${LIBRARIES_OF_ARM}/libmpich.so CACHE FILEPATH "")
set(MPI_C_HEADER_DIR ${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/mpich CACHE PATH "")
set(HDF5_C_COMPILER_EXECUTABLE false CACHE STRING "")
