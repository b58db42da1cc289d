/* typed.h - what a message tells a person to type: words as a shell takes them, and files by their
 * own names. */
#ifndef LS_BASE_TYPED_H
#define LS_BASE_TYPED_H

#include "base/buffer.h"
#include "base/status.h"

char *ls_typed_word(const char *word); /* as one word of a shell; ls_mem text */
/* A command line gets that word behind a blank. */
void ls_typed_add(ls_buffer *line, const char *word);

/* What is to be done with a file that the remedy calls FILE: that is its name, as a word of a shell
 * or, behind a bracket, as a text of Python, R and Octave. What sed changes in its place is
 * unpacked first. ls_mem text. */
char *ls_typed_remedy(const char *remedy, const char *path);
/* The text recorded last with "; remedy" behind it, in this way. */
ls_status ls_fail_remedy(ls_status code, const char *remedy, const char *path);

#endif
