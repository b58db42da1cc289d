/* path.h - the ends of a path: the name behind its last slash, and the folder before it. */
#ifndef LS_BASE_PATH_H
#define LS_BASE_PATH_H

#include <stdbool.h>

const char *ls_path_name(const char *path); /* of "runs/a/final.h5" "final.h5" */
char *ls_path_stem(const char *path);       /* of it "final", its name without the ending; ls_mem */
/* Of it "runs/a"; "." of a name alone; ls_mem. */
char *ls_path_folder(const char *path);
/* With something before it; OUT.CSV ends in .csv. */
bool ls_path_ends_in(const char *path, const char *ending);

#endif
