/* log.h - the messages a person reads, on stderr. Rank 0 speaks; another rank speaks only of a
 * failure of its own. */
#ifndef LS_BASE_LOG_H
#define LS_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { LS_LOG_ERROR, LS_LOG_WARN, LS_LOG_INFO, LS_LOG_DEBUG } ls_log_level;

/* rank < 0: not in a parallel run. host is copied. Messages above `level` are dropped. */
void ls_log_init(int rank, const char *host, ls_log_level level, bool color);
void ls_log_set_level(ls_log_level level);
bool ls_log_shows(ls_log_level level); /* on this rank */
void ls_log_columns(int columns);      /* of the terminal that shows them; 0: none does */
int64_t ls_log_lines(void); /* how many lines of such a terminal this process has written */
/* "lockstep: error: ..." and so on, one write(2) a message so that ranks do not interleave. Rank 0
 * only. */
void ls_log(ls_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same from any rank, with "rank R (host): " in front where R > 0. */
void ls_log_any(ls_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The line that ls_log_any would write, for one who cannot format when the time comes. */
void ls_log_text(ls_log_level level, char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line without prefix on stderr (progress tables, "committed N file"), rank 0 only. */
void ls_log_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Where a library's messages go: to its caller, or nowhere (write NULL). */
typedef struct {
  int rank; /* of those that speak of the same thing: the others' messages are left out */
  ls_log_level level;
  void (*write)(void *arg, ls_log_level level, const char *line); /* the line has no end */
  void *arg;
} ls_log_sink;
/* From here on this thread's messages go there instead of to stderr; NULL: to stderr again. */
void ls_log_divert(const ls_log_sink *sink);
const ls_log_sink *ls_log_diverted(void);
/* A bar stands on the terminal's last line: the next message erases it. false erases it now. */
void ls_log_live(bool live);

#endif
