/* mem.h - counted, aligned, zeroed allocation. Everything that lockstep itself allocates comes from
 * here, so a test can ask that nothing is allocated in the loop and that everything is freed at the
 * end. */
#ifndef LS_BASE_MEM_H
#define LS_BASE_MEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
  LS_ALIGN = 64,         /* bytes; one cache line and one AVX-512 vector */
  LS_HUGE_PAGE = 1 << 21 /* bytes; what x86-64 and aarch64 map by one entry beside pages of 4 KB */
};

/* *out = count * size zeroed bytes aligned to LS_ALIGN; the product is checked. count 0 gives a
 * valid pointer. */
ls_status ls_mem_new(void **out, size_t count, size_t size);
/* *block (NULL: none yet) -> a larger one, with what it held and zeros behind; on failure it is as
 * it was. */
ls_status ls_mem_grow(void **block, size_t count, size_t size);
void ls_mem_free(void *block); /* NULL is fine */
/* For small things in functions that cannot fail: zeroed bytes; strdup; printf into a fresh block.
 * Where there is no memory, the process ends with LS_FAIL after one line on stderr; `end`, where
 * given, does so in its own way. In a library no process ends: the thread is lent a block of a
 * reserve, and goes on until it settles; where that is used up too, it goes back to its caller, to
 * `escape` (longjmp with 1), and what the call had asked for is lost. */
void *ls_mem_must(size_t bytes);
char *ls_mem_text(const char *text);
char *ls_mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *ls_mem_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
void ls_mem_on_failure(void (*end)(void));
/* This thread's, NULL: none; what it was. */
jmp_buf *ls_mem_escape(jmp_buf *escape);
/* `mine`; or, where that is LS_OK and this thread has been lent memory that was not to be had,
 * LS_FAIL, once. Where ranks agree they settle, so that none has failed in secret. */
ls_status ls_mem_settle(ls_status mine);
/* Zeroed memory, not counted here, that begins at a huge page and ends with one: of
 * ls_mem_in_huge_pages(bytes) bytes, for munmap. NULL: there is none. */
void *ls_mem_map(size_t bytes);
size_t ls_mem_in_huge_pages(size_t bytes);
int64_t ls_mem_live(void);  /* blocks not yet freed */
int64_t ls_mem_total(void); /* blocks ever made */
size_t ls_mem_bytes(void);  /* bytes live now */

/* LS_NEW(p, n): p = n zeroed objects of *p's type, or return the failure. */
#define LS_NEW(pointer, count) \
  LS_TRY(ls_mem_new((void **)&(pointer), (size_t)(count), sizeof *(pointer)))
/* LS_GROW(p, n): the same, and p's old objects are its first ones. */
#define LS_GROW(pointer, count) \
  LS_TRY(ls_mem_grow((void **)&(pointer), (size_t)(count), sizeof *(pointer)))
#define LS_FREE(pointer) (ls_mem_free((void *)(pointer)), (pointer) = NULL)

#endif
