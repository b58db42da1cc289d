#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
  int rank;
  char host[64];
  ls_log_level level;
  bool color, live;
  int64_t count;
} state = {-1, "", LS_LOG_INFO, false, false, 0};

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
int64_t ls_log_count(void) { return state.count; }

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

/* One write, so that the lines of several ranks never mix. */
static void put(const char *prefix, const char *format, va_list args) {
  char line[40000];
  int length = snprintf(line, sizeof line, "%s%s", state.live ? erase : "", prefix);
  state.live = false;
  state.count++;
  int more = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, args);
  length = more < 0 ? length : length + more;
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  if (length == 0 || line[length - 1] != '\n') line[length++] = '\n';
  for (int done = 0; done < length;) {
    ssize_t wrote = write(STDERR_FILENO, line + done, (size_t)(length - done));
    if (wrote <= 0) return; /* nowhere left to complain */
    done += (int)wrote;
  }
}

static void prefixed(ls_log_level level, bool with_rank, const char *format, va_list args) {
  char prefix[256], who[96] = "";
  if (diverted) {
    hand_over(level, format, args);
    return;
  }
  if (with_rank && state.rank > 0)
    snprintf(who, sizeof who, "rank %d (%s): ", state.rank, state.host);
  snprintf(prefix, sizeof prefix, "lockstep: %s%s%s%s%s", state.color ? paint[level] : "",
           word[level], *word[level] ? ": " : "", state.color && *paint[level] ? "\033[0m" : "",
           who);
  put(prefix, format, args);
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
