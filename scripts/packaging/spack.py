"""Spack's recipe: copy it to package.py in packages/lockstep of a repository of yours (docs/install.md)."""
from spack.package import *

try:  # Spack 1.0 and later; before, it comes with the line above
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:
    pass


class Lockstep(CMakePackage):
    """A trainer of feed-forward neural networks on CPUs, data-parallel over MPI, that gives the same bits on any
    number of processes; and its library, for trained networks and training inside other programs."""

    license("MIT")

    # No archive is published yet: `spack dev-build lockstep@0.2.0` in the sources, or give the recipe a url and a checksum.
    version("0.2.0")

    variant("blas", default=False, description="A CBLAS for train.gemm: blas, such as openblas")
    variant("plot", default=False, description="Find gnuplot for lockstep plot")

    depends_on("c", type="build")
    depends_on("cmake@3.20:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("random123", type="build")
    depends_on("cmocka", type="test")

    depends_on("mpi")
    depends_on("hdf5+hl")
    depends_on("libyaml")
    depends_on("jansson")
    depends_on("zlib-api")
    depends_on("libzip")
    depends_on("xxhash")
    depends_on("openssl")
    depends_on("blas", when="+blas")
    depends_on("gnuplot", type="run", when="+plot")

    # Man pages are made where scdoc is in the PATH: Spack has no package of it.
    def cmake_args(self):
        return [
            self.define("LOCKSTEP_BLAS", self.spec["blas"].libs[0] if self.spec.satisfies("+blas") else False),
            self.define("LOCKSTEP_TESTS", self.run_tests),
            self.define("LOCKSTEP_MUTANTS", False),
        ]

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_install(self):
        Executable(self.prefix.bin.lockstep)("--version")
