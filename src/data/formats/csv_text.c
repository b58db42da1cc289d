#include "data/formats/csv_text.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/gz.h"

ls_status ls_csv_open(const char *path, ls_csv_text *c, ls_data_file *file) {
  *c = (ls_csv_text){.path = path};
  ls_gz *gz;
  size_t bytes;
  LS_TRY(ls_gz_open(path, &gz));
  ls_status status = ls_gz_read_all(gz, &c->text, &bytes);
  file->bytes = ls_gz_size(gz);
  ls_gz_digest(gz, file->digest);
  ls_gz_close(&gz);
  LS_TRY(status);
  c->end = c->text + bytes;
  c->start = (ls_csv_cursor){c->text, 1};
  c->quotes = memchr(c->text, '"', bytes);
  if (bytes >= 3 && memcmp(c->text, "\xef\xbb\xbf", 3) == 0) c->start.at += 3;
  if (bytes >= 2 && (memcmp(c->text, "\xff\xfe", 2) == 0 || memcmp(c->text, "\xfe\xff", 2) == 0))
    return ls_fail(LS_EDATA, "%s: UTF-16 text; save it as UTF-8 (iconv -f utf-16 -t utf-8)", path);
  const char *nul = memchr(c->text, 0, bytes);
  if (nul) {
    int64_t line = 1;
    for (const char *p = c->text; p < nul; p++) line += *p == '\n';
    return ls_fail(LS_EDATA, "%s:%lld: a NUL byte (byte %lld): no text file", path, (long long)line,
                   (long long)(nul - c->text));
  }
  return LS_OK;
}

static ls_status never_closed(const ls_csv_text *c, ls_csv_cursor quote) {
  const char *before = memrchr(c->text, '\n', (size_t)(quote.at - c->text)),
             *line = before ? before + 1 : c->text;
  return ls_fail(LS_EDATA, "%s:%lld: the quote opened here (byte %lld of the line) is never closed",
                 c->path, (long long)quote.line, (long long)(quote.at - line + 1));
}

static ls_status take_quoted(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out) {
  ls_csv_cursor start = *at;
  const char *p = at->at + 1;
  for (;; p++) {
    if (p == c->end) return never_closed(c, start);
    if (*p == '\n') at->line++;
    if (*p != '"') continue;
    if (p[1] != '"') break;
    p++;
  }
  *out = (ls_csv_field){at->at + 1, (size_t)(p - at->at - 1)};
  at->at = p + 1;
  if (at->at == c->end || strchr(",\r\n", *at->at)) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s:%lld: text behind a closing quote; double the quote if it belongs to the text",
                 c->path, (long long)at->line);
}

static ls_csv_field trimmed(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\t')) at++;
  while (end > at && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) end--;
  return (ls_csv_field){at, (size_t)(end - at)};
}

static void take_plain(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out) {
  const char *p = at->at;
  while (p < c->end && *p != ',' && *p != '\n') p++;
  *out = trimmed(at->at, p);
  at->at = p;
}

ls_csv_field ls_csv_field_of(const char *at, const char *end, int64_t column, int64_t columns) {
  const char *comma;
  if (2 * column > columns) {
    for (; column < columns - 1 && (comma = memrchr(at, ',', (size_t)(end - at))); column++)
      end = comma;
    comma = memrchr(at, ',', (size_t)(end - at));
    return trimmed(comma ? comma + 1 : at, end);
  }
  for (; column > 0 && (comma = memchr(at, ',', (size_t)(end - at))); column--) at = comma + 1;
  comma = memchr(at, ',', (size_t)(end - at));
  return trimmed(at, comma ? comma : end);
}

ls_status ls_csv_record(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out, int64_t room,
                        int64_t *fields) {
  ls_csv_field spare;
  for (*fields = 0;; at->at++) {
    ls_csv_field *to = *fields < room ? &out[*fields] : &spare;
    ++*fields;
    if (at->at < c->end && *at->at == '"')
      LS_TRY(take_quoted(c, at, to));
    else
      take_plain(c, at, to);
    if (at->at < c->end && *at->at == '\r') at->at++;
    if (at->at == c->end || *at->at != ',') break;
  }
  if (at->at < c->end && *at->at == '\n') at->at++, at->line++;
  return LS_OK;
}

static bool is_word(ls_csv_field f, const char *word, bool any_case) {
  size_t n = strlen(word);
  return f.length == n && (any_case ? strncasecmp(f.text, word, n) : strncmp(f.text, word, n)) == 0;
}

static bool is_listed(ls_csv_field f, char *const *words, bool any_case) {
  static const char *const usual[] = {"",    "?",    "NA",   "N/A",  "na",   "n/a",  "NaN", "nan",
                                      "NAN", "-nan", "+nan", "null", "NULL", "None", NULL};
  bool missing = false, may_be = f.length == 0 || strchr("?Nn+-", *f.text);
  for (int i = 0; may_be && usual[i] && !missing; i++) missing = is_word(f, usual[i], any_case);
  for (; words && *words && !missing; words++) missing = is_word(f, *words, false);
  return missing;
}

/* Blanks within quotes, or quotes behind a blank (which RFC 4180 takes for text)? */
static bool is_wrapped(ls_csv_field f) {
  return f.length > 0 && (strchr(" \t\"", f.text[0]) || strchr(" \t\"", f.text[f.length - 1]));
}

static ls_csv_field bare(ls_csv_field f) {
  ls_csv_field in = trimmed(f.text, f.text + f.length);
  bool quoted = in.length >= 2 && in.text[0] == '"' && in.text[in.length - 1] == '"';
  return quoted ? trimmed(in.text + 1, in.text + in.length - 1) : in;
}

bool ls_csv_missing(ls_csv_field f, char *const *words, bool any_case) {
  return is_listed(f, words, any_case) || (is_wrapped(f) && is_listed(bare(f), words, any_case));
}

bool ls_csv_ended(const ls_csv_text *c, const char *p) {
  while (p < c->end && (*p == '\n' || *p == '\r')) p++;
  return p == c->end;
}

char *ls_csv_unquoted(ls_csv_field f) {
  char *text = ls_mem_format("%.*s", (int)f.length, f.text), *to = text;
  for (const char *from = text; *from; from++) {
    *to++ = *from;
    if (from[0] == '"' && from[1] == '"') from++;
  }
  *to = 0;
  return text;
}
