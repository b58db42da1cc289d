/* mem.c - where a block lies: its size stands in the 64 bytes before it, large ones are mapped
 * in huge pages, and small ones that could not be had in a library come from a reserve of 1
 * MiB. Begin with ls_mem_new; what happens where there is no memory is ls_mem_must. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A block of MAPPED bytes or more is mapped: the kernel gives it zeroed, page by page, to the core
 * that first writes there, so that what is never used costs nothing; and in huge pages where the
 * system has them: random rows of the data and the columns of a large weight matrix would otherwise
 * miss the TLB at every access. AddressSanitizer sees over the ends of heap blocks only. */
#ifdef __SANITIZE_ADDRESS__
static const size_t MAPPED = SIZE_MAX;
#else
static const size_t MAPPED = LS_HUGE_PAGE;
#endif

/* In front of each block: its size, so that live bytes can be counted. */
typedef struct {
  size_t bytes;
} header;

static _Atomic int64_t live, total;
static _Atomic size_t live_bytes;

static char *from_heap(size_t bytes) {
  bytes = (bytes + LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
  char *block = aligned_alloc(LS_ALIGN, bytes);
  return block ? memset(block, 0, bytes) : NULL;
}

size_t ls_mem_in_huge_pages(size_t bytes) {
  return (bytes + LS_HUGE_PAGE - 1) / LS_HUGE_PAGE * LS_HUGE_PAGE;
}

void *ls_mem_map(size_t bytes) {
  const size_t page = LS_HUGE_PAGE, whole = ls_mem_in_huge_pages(bytes);
  char *map = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return NULL;
  const size_t before = (page - (uintptr_t)map % page) % page;
  if (before > 0) munmap(map, before);
  munmap(map + before + whole, page - before);
  return map + before;
}

static char *mapped(size_t bytes) {
  char *map = ls_mem_map(bytes);
  if (map) madvise(map, ls_mem_in_huge_pages(bytes), MADV_HUGEPAGE);
  return map;
}

/* A zeroed block of `bytes` that begins, with its head, at `start`. */
static void *count_block(char *start, size_t bytes) {
  ((header *)(void *)start)->bytes = bytes;
  atomic_fetch_add(&live, 1);
  atomic_fetch_add(&total, 1);
  atomic_fetch_add(&live_bytes, bytes);
  return start + LS_ALIGN;
}

ls_status ls_mem_new(void **out, size_t count, size_t size) {
  size_t bytes;
  *out = NULL;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4)
    return ls_fail(LS_FAIL,
                   "out of memory: %zu objects of %zu bytes are more than an address space holds",
                   count, size);
  char *block = bytes < MAPPED ? from_heap(bytes + LS_ALIGN) : mapped(bytes + LS_ALIGN);
  if (!block)
    return ls_fail(LS_FAIL, "out of memory: no room for %zu bytes beside the %zu already in use",
                   bytes, ls_mem_bytes());
  *out = count_block(block, bytes);
  return LS_OK;
}

/* ---- the reserve, of which small things are lent where there is nothing else ---- */

enum { RESERVE = 1 << 20 };
static struct {
  _Alignas(LS_ALIGN) char room[RESERVE];
  size_t used; /* from the front; 0 again when nothing of it is lent any more */
  int64_t lent;
  atomic_flag busy;
} reserve = {.busy = ATOMIC_FLAG_INIT};

static _Thread_local size_t lent_bytes; /* to this thread, which has not told so yet */

static void lock_reserve(void) {
  while (atomic_flag_test_and_set(&reserve.busy)) {
  }
}
static void unlock_reserve(void) { atomic_flag_clear(&reserve.busy); }

static bool is_lent(const char *start) {
  return start >= reserve.room && start < reserve.room + RESERVE;
}

static void *lend(size_t bytes) {
  const size_t whole = (bytes + 2 * LS_ALIGN - 1) / LS_ALIGN * LS_ALIGN;
  char *start = NULL;
  lock_reserve();
  if (whole > bytes && whole <= RESERVE - reserve.used) {
    start = reserve.room + reserve.used;
    reserve.used += whole;
    reserve.lent++;
  }
  unlock_reserve();
  if (!start) return NULL;
  lent_bytes += bytes;
  memset(start, 0, whole);
  return count_block(start, bytes);
}

static void give_back(void) {
  lock_reserve();
  if (--reserve.lent == 0) reserve.used = 0;
  unlock_reserve();
}

ls_status ls_mem_settle(ls_status mine) {
  const size_t bytes = lent_bytes;
  lent_bytes = 0;
  if (mine != LS_OK || bytes == 0) return mine;
  return ls_fail(LS_FAIL, "out of memory: no room for %zu bytes beside the %zu already in use",
                 bytes, ls_mem_bytes());
}

void ls_mem_free(void *block) {
  if (!block) return;
  char *start = (char *)block - LS_ALIGN;
  const size_t bytes = ((header *)(void *)start)->bytes;
  atomic_fetch_sub(&live, 1);
  atomic_fetch_sub(&live_bytes, bytes);
  if (is_lent(start))
    give_back();
  else if (bytes < MAPPED)
    free(start);
  else
    munmap(start, ls_mem_in_huge_pages(bytes + LS_ALIGN));
}

ls_status ls_mem_grow(void **block, size_t count, size_t size) {
  void *larger;
  LS_TRY(ls_mem_new(&larger, count, size));
  if (*block) memcpy(larger, *block, ((header *)(void *)((char *)*block - LS_ALIGN))->bytes);
  ls_mem_free(*block);
  *block = larger;
  return LS_OK;
}

static void (*end_process)(void);
void ls_mem_on_failure(void (*end)(void)) { end_process = end; }

static _Thread_local jmp_buf *way_out;
jmp_buf *ls_mem_escape(jmp_buf *escape) {
  jmp_buf *const before = way_out;
  way_out = escape;
  return before;
}

void *ls_mem_must(size_t bytes) {
  void *block;
  if (ls_mem_new(&block, bytes, 1) != LS_OK) {
    if (way_out && (block = lend(bytes))) return block;
    if (way_out) longjmp(*way_out, 1);
    if (end_process) end_process();
    fprintf(stderr, "lockstep: error: %s\n", ls_error_text());
    _exit(LS_FAIL);
  }
  return block;
}

char *ls_mem_text(const char *text) {
  size_t bytes = strlen(text) + 1;
  return memcpy(ls_mem_must(bytes), text, bytes);
}

char *ls_mem_vformat(const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  size_t bytes = (size_t)vsnprintf(NULL, 0, format, again) + 1;
  va_end(again);
  char *block = ls_mem_must(bytes);
  vsnprintf(block, bytes, format, args);
  return block;
}

char *ls_mem_format(const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *block = ls_mem_vformat(format, args);
  va_end(args);
  return block;
}

int64_t ls_mem_live(void) { return atomic_load(&live); }
int64_t ls_mem_total(void) { return atomic_load(&total); }
size_t ls_mem_bytes(void) { return atomic_load(&live_bytes); }
