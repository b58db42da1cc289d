/* h5version.h - which HDF5 library is at work. */
#ifndef LS_IO_H5VERSION_H
#define LS_IO_H5VERSION_H

const char *ls_h5_version(void); /* "1.10.8" */

#endif
