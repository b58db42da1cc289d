#%Module1.0
# A module for lockstep where it is installed into a folder: copy it to .../modulefiles/lockstep/VERSION and set `prefix`.
# Load the MPI and HDF5 that it was built with first, or name them below.
set name    lockstep
set version [file tail [module-info name]]
set prefix  /opt/$name/$version

proc ModulesHelp { } {
  puts stderr "lockstep trains neural networks over MPI: lockstep help, man lockstep"
}
module-whatis "trains neural networks over MPI, to the same bits on any number of ranks"
conflict $name
# prereq openmpi hdf5

prepend-path PATH            $prefix/bin
prepend-path MANPATH         $prefix/share/man
append-path  MANPATH         ""
prepend-path PYTHONPATH      $prefix/lib/python3/dist-packages
prepend-path CMAKE_PREFIX_PATH $prefix
foreach libdir [glob -nocomplain -directory $prefix lib lib64 lib/*-linux-gnu] {
  if { [file exists $libdir/pkgconfig/lockstep.pc] } {
    prepend-path LD_LIBRARY_PATH $libdir
    prepend-path PKG_CONFIG_PATH $libdir/pkgconfig
  }
}
