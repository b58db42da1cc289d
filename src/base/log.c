/* log.c - a message is put together on the stack, without memory, and leaves in one write.
 * Rank, level and colour are the process's, a library's sink is the thread's; lines are counted
 * as the terminal wraps them, so that progress.c finds its rows. Begin with prefixed, put. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

static struct {
  int rank;
  char host[64];
  ls_log_level level;
  bool color, live;
  int columns;
  int64_t lines;
} state = {.rank = -1, .level = LS_LOG_INFO};

static _Thread_local const ls_log_sink *diverted;

static const char erase[] = "\r\033[K";

static const char *const word[] = {"error", "warning", "", "debug"};
static const char *const paint[] = {"\033[1;31m", "\033[1;33m", "", "\033[2m"};

void ls_log_init(int rank, const char *host, ls_log_level level, bool color) {
  state.rank = rank;
  state.level = level;
  state.color = color;
  snprintf(state.host, sizeof state.host, "%s", host ? host : "");
}

void ls_log_set_level(ls_log_level level) { state.level = level; }

void ls_log_divert(const ls_log_sink *sink) { diverted = sink; }
const ls_log_sink *ls_log_diverted(void) { return diverted; }

bool ls_log_shows(ls_log_level level) {
  if (diverted) return diverted->write && diverted->rank == 0 && level <= diverted->level;
  return level <= state.level && state.rank <= 0;
}
void ls_log_columns(int columns) { state.columns = columns; }
int64_t ls_log_lines(void) { return state.lines; }

void ls_log_live(bool live) {
  if (diverted) return;
  if (state.live && !live && write(STDERR_FILENO, erase, sizeof erase - 1) < 0)
    return; /* nowhere left to complain */
  state.live = live;
}

static void hand_over(ls_log_level level, const char *format, va_list args) {
  char line[4000];
  vsnprintf(line, sizeof line, format, args);
  diverted->write(diverted->arg, level, line);
}

/* Behind an escape sequence, which shows nothing. */
static const char *skip_escape(const char *c) {
  if (*c == '[') c++;
  while (*c && !(*c >= '@' && *c <= '~')) c++;
  return *c ? c + 1 : c;
}

/* As a terminal shows them: long lines go on in the next one. */
static int64_t count_lines(const char *text) {
  int64_t lines = 0, used = 0;
  for (const char *c = text; *c;) {
    if (*c == '\033') {
      c = skip_escape(c + 1);
      continue;
    }
    const bool begins = ls_utf8_begins(*c);
    used = *c == '\r' ? 0 : used + begins;
    if (*c == '\n') {
      lines += state.columns > 0 && used > 1 ? (used - 2) / state.columns + 1 : 1;
      used = 0;
    }
    c++;
  }
  return lines;
}

/* One write, so that the lines of several ranks never mix. */
static void put(const char *prefix, const char *format, va_list args) {
  char line[40000];
  int length = snprintf(line, sizeof line, "%s%s", state.live ? erase : "", prefix);
  state.live = false;
  int more = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, args);
  length = more < 0 ? length : length + more;
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  if (length == 0 || line[length - 1] != '\n') line[length++] = '\n';
  line[length] = '\0';
  state.lines += count_lines(line);
  for (int done = 0; done < length;) {
    ssize_t wrote = write(STDERR_FILENO, line + done, (size_t)(length - done));
    if (wrote <= 0) return; /* nowhere left to complain */
    done += (int)wrote;
  }
}

enum { PREFIX = 256 };

static void make_prefix(ls_log_level level, bool with_rank, char out[PREFIX]) {
  char who[96] = "";
  if (with_rank && state.rank > 0)
    snprintf(who, sizeof who, "rank %d (%s): ", state.rank, state.host);
  snprintf(out, PREFIX, "lockstep: %s%s%s%s%s", state.color ? paint[level] : "", word[level],
           *word[level] ? ": " : "", state.color && *paint[level] ? "\033[0m" : "", who);
}

static void prefixed(ls_log_level level, bool with_rank, const char *format, va_list args) {
  char prefix[PREFIX];
  if (diverted) {
    hand_over(level, format, args);
    return;
  }
  make_prefix(level, with_rank, prefix);
  put(prefix, format, args);
}

void ls_log_text(ls_log_level level, char *out, size_t size, const char *format, ...) {
  char prefix[PREFIX], line[2000];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  make_prefix(level, true, prefix);
  snprintf(out, size, "%s%s\n", prefix, line);
}

void ls_log(ls_log_level level, const char *format, ...) {
  if (!ls_log_shows(level)) return;
  va_list args;
  va_start(args, format);
  prefixed(level, false, format, args);
  va_end(args);
}

void ls_log_any(ls_log_level level, const char *format, ...) {
  if (diverted ? !ls_log_shows(level) : level > state.level) return;
  va_list args;
  va_start(args, format);
  prefixed(level, true, format, args);
  va_end(args);
}

void ls_log_plain(const char *format, ...) {
  if (diverted ? !ls_log_shows(LS_LOG_INFO) : state.rank > 0) return;
  va_list args;
  va_start(args, format);
  if (diverted)
    hand_over(LS_LOG_INFO, format, args);
  else
    put("", format, args);
  va_end(args);
}
