/* csv_text.c - begin with ls_csv_open: what the text is like is settled once, in place (CR
 * becomes LF, a comment behind data blanks), so that ls_csv_record need not know it. Fields
 * point into the text and are never copied. */
#include "data/formats/csv_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/typed.h"
#include "base/utf8.h"
#include "data/format.h"
#include "data/source.h"
#include "data/words.h"
#include "io/gz.h"
#include "io/signature.h"

const char *const ls_separator_names[] = {"auto", ",", ";", "tab", "|", "blanks", NULL};
static const char marks[LS_SEPARATORS] = {0, ',', ';', '\t', '|', ' '};

static bool is_blank(char p) { return p == ' ' || p == '\t'; }

/* ---- what the text is like ---- */

/* Is there a separator in the line at `at`, outside quotes and with something on both sides of
 * blanks? */
static bool has_mark(const char *at, const char *end, char mark) {
  bool quoted = false;
  while (at < end && is_blank(*at) && mark == ' ') at++;
  for (; at < end && (quoted || (*at != '\n' && *at != '\r')); at++) {
    quoted = quoted != (*at == '"');
    if (quoted) continue;
    if (mark != ' ' && *at == mark) return true;
    if (mark == ' ' && is_blank(*at)) return at[strspn(at, " \t")] > ' ';
  }
  return false;
}

/* A header of one column may have blanks in it: the lines behind it have none then. */
static bool is_blanks(const ls_csv_text *c) {
  const char *second = memchr(c->start.at, '\n', (size_t)(c->end - c->start.at));
  return has_mark(c->start.at, c->end, ' ') &&
         (!second || second + 1 == c->end || has_mark(second + 1, c->end, ' '));
}

/* The first separator of the list that the first line has; a comma where it has none. */
static ls_separator find_separator(const ls_csv_text *c) {
  int first = c->decimal_comma ? LS_SEPARATOR_SEMICOLON : LS_SEPARATOR_COMMA;
  for (int s = first; s < LS_SEPARATOR_BLANKS; s++)
    if (has_mark(c->start.at, c->end, marks[s])) return (ls_separator)s;
  return is_blanks(c) ? LS_SEPARATOR_BLANKS : (ls_separator)first;
}

/* Is a comma of the first line no decimal one, since there are no digits around it? */
static bool has_plain_comma(const ls_csv_text *c) {
  bool quoted = false;
  for (const char *at = c->start.at; at < c->end && *at != '\n'; at++) {
    quoted = quoted != (*at == '"');
    if (!quoted && *at == ',' &&
        !(at > c->text && isdigit((unsigned char)at[-1]) && isdigit((unsigned char)at[1])))
      return true;
  }
  return false;
}

static void choose_separator(const ls_csv_spec *spec, ls_csv_text *c) {
  c->separator = spec->separator;
  if (spec->likely && c->decimal_comma && find_separator(c) == LS_SEPARATOR_SEMICOLON &&
      !has_mark(c->start.at, c->end, ';') && has_plain_comma(c))
    c->decimal_comma = false; /* commas are between the fields of this one */
  if (spec->likely && !has_mark(c->start.at, c->end, marks[c->separator]))
    c->separator = LS_SEPARATOR_AUTO;
  if (c->separator == LS_SEPARATOR_AUTO) c->separator = find_separator(c);
  c->mark = marks[c->separator];
}

ls_csv_text ls_csv_separated(const ls_csv_text *text, ls_separator separator) {
  ls_csv_text other = *text;
  other.separator = separator;
  other.mark = marks[separator];
  return other;
}

/* Lines end with CR alone where there is no LF. */
static void settle_line_ends(ls_csv_text *c, size_t bytes) {
  char *lf = memchr(c->text, '\n', bytes), *cr = lf ? NULL : memchr(c->text, '\r', bytes);
  c->line_end = lf && lf > c->text && lf[-1] == '\r' ? "CRLF" : "LF";
  if (!cr) return;
  c->line_end = "CR";
  for (; cr < c->end; cr++)
    if (*cr == '\r') *cr = '\n';
}

/* A comment behind data becomes blanks; a line that is nothing else begins with its #. */
static void settle_comments(ls_csv_text *c) {
  bool quoted = false, data = false;
  char *line = (char *)c->start.at;
  for (char *p = line; p < c->end; p++) {
    quoted = quoted != (*p == '"');
    if (!quoted && *p == '#') {
      size_t rest = strcspn(p, "\n");
      memset(p, ' ', rest);
      if (!data) *line = '#';
      p += rest;
    }
    data = data || !is_blank(*p);
    if (*p == '\n' && !quoted) line = p + 1, data = false;
  }
}

void ls_csv_pass_comments(const ls_csv_text *c, ls_csv_cursor *at) {
  while (c->comment && *at->at == '#') {
    at->at += strcspn(at->at, "\n");
    at->at += at->at < c->end;
    at->line++;
  }
}

/* A byte that is in no text: NUL; or a control character in a first line that is not UTF-8 either.
 */
static const char *no_text(const char *text, size_t bytes) {
  const char *nul = memchr(text, 0, bytes), *high = NULL, *control = NULL;
  for (const char *p = text; !nul && *p && *p != '\n'; p++) {
    if (!control && (unsigned char)*p < ' ' && !isspace((unsigned char)*p)) control = p;
    if (!high && (*p & 0x80)) high = p;
  }
  return nul || !high || !control ? nul : control;
}

static ls_status refuse_unicode(const char *path, const char *from) {
  char remedy[80];
  snprintf(remedy, sizeof remedy, "save it as UTF-8 (iconv -f %s -t utf-8 FILE >NEW)", from);
  ls_fail(LS_EDATA, "%s: %s text", path, from[4] == '3' ? "UTF-32" : "UTF-16");
  return ls_fail_remedy(LS_EDATA, remedy, path);
}

/* A byte like these is in no text, nor is a text of some other programs a table: what the file is
 * instead, by its first bytes. */
static ls_status check_text(const char *path, const char *text, size_t bytes) {
  const char *wrong = no_text(text, bytes), *from = ls_utf8_instead(text, bytes);
  const ls_signature *other = ls_signature_of(text, bytes);
  ls_dtype type;
  int64_t line = 1;
  if (from) return refuse_unicode(path, from);
  if (!wrong && !(other && other->text)) return LS_OK;
  if (other)
    return ls_fail_remedy(ls_fail(LS_EDATA, "%s: no CSV but %s", path, other->what), other->remedy,
                          path);
  if (bytes >= 4 && ls_idx_magic((const unsigned char *)text, &type))
    return ls_fail(LS_EDATA, "%s: no CSV but an IDX file; data.type: idx reads it", path);
  for (const char *p = text; p < wrong; p++) line += *p == '\n';
  return ls_fail(LS_EDATA,
                 "%s:%jd: %s (byte %jd): no text file; raw numbers become an array of "
                 "lockstep data import by numpy.fromfile, reshape(samples, -1) and numpy.save",
                 path, line, *wrong ? "a control character" : "a NUL byte", wrong - text);
}

ls_status ls_csv_open(const char *path, const ls_csv_spec *spec, ls_csv_text *c,
                      ls_data_file *file) {
  *c = (ls_csv_text){.path = path, .decimal_comma = spec->decimal_comma, .comment = spec->comment};
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
  LS_TRY(check_text(path, c->text, bytes));
  settle_line_ends(c, bytes);
  if (c->comment) settle_comments(c);
  ls_csv_pass_comments(c, &c->start);
  choose_separator(spec, c);
  c->lines = !c->quotes && c->mark != ' ';
  return LS_OK;
}

/* ---- records ---- */

static ls_status never_closed(const ls_csv_text *c, ls_csv_cursor quote) {
  const char *before = memrchr(c->text, '\n', (size_t)(quote.at - c->text)),
             *line = before ? before + 1 : c->text;
  return ls_fail(LS_EDATA, "%s:%jd: the quote opened here (byte %jd of the line) is never closed",
                 c->path, quote.line, quote.at - line + 1);
}

static inline bool ends_field(const ls_csv_text *c, char p) {
  return p == c->mark || p == '\n' || (c->mark == ' ' && p == '\t');
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
  if (at->at == c->end || *at->at == '\r' || ends_field(c, *at->at)) return LS_OK;
  return ls_fail(LS_EDATA,
                 "%s:%jd: text behind a closing quote; double the quote if it belongs to the text",
                 c->path, at->line);
}

static ls_csv_field trimmed(const char *at, const char *end) {
  while (at < end && is_blank(*at)) at++;
  while (end > at && (is_blank(end[-1]) || end[-1] == '\r')) end--;
  return (ls_csv_field){at, (size_t)(end - at)};
}

static void take_plain(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out) {
  const char *p = at->at;
  while (p < c->end && !ends_field(c, *p)) p++;
  *out = trimmed(at->at, p);
  at->at = p;
}

ls_csv_field ls_csv_field_of(const ls_csv_text *c, const char *at, const char *end, int64_t column,
                             int64_t columns) {
  const char *mark;
  if (2 * column > columns) {
    for (; column < columns - 1 && (mark = memrchr(at, c->mark, (size_t)(end - at))); column++)
      end = mark;
    mark = memrchr(at, c->mark, (size_t)(end - at));
    return trimmed(mark ? mark + 1 : at, end);
  }
  for (; column > 0 && (mark = memchr(at, c->mark, (size_t)(end - at))); column--) at = mark + 1;
  mark = memchr(at, c->mark, (size_t)(end - at));
  return trimmed(at, mark ? mark : end);
}

static void pass_blanks(const ls_csv_text *c, ls_csv_cursor *at) {
  while (c->mark == ' ' && at->at < c->end && is_blank(*at->at)) at->at++;
}

/* Behind a field: on to the next one of the record; false: that was the last. */
static bool pass_mark(const ls_csv_text *c, ls_csv_cursor *at) {
  pass_blanks(c, at);
  if (at->at < c->end && *at->at == '\r') at->at++;
  if (at->at == c->end || *at->at == '\n') return false;
  if (c->mark == ' ') return true;
  return *at->at++ == c->mark;
}

ls_status ls_csv_record(const ls_csv_text *c, ls_csv_cursor *at, ls_csv_field *out, int64_t room,
                        int64_t *fields) {
  ls_csv_field spare;
  *fields = 0;
  pass_blanks(c, at);
  do {
    ls_csv_field *to = *fields < room ? &out[*fields] : &spare;
    ++*fields;
    if (at->at < c->end && *at->at == '"')
      LS_TRY(take_quoted(c, at, to));
    else
      take_plain(c, at, to);
  } while (pass_mark(c, at));
  if (at->at < c->end && *at->at == '\n') at->at++, at->line++;
  ls_csv_pass_comments(c, at);
  return LS_OK;
}

/* ---- fields ---- */

bool ls_csv_truth(ls_csv_field f, double *value) {
  static const char *const words[] = {"false", "true", "False", "True", "FALSE", "TRUE"};
  for (int i = 0; i < 6 && f.length > 0 && strchr("tTfF", *f.text); i++) {
    *value = i % 2;
    if (ls_word_is(f.text, f.length, words[i], false)) return true;
  }
  return false;
}

bool ls_csv_number(const ls_csv_text *c, ls_csv_field f, double *value) {
  char point[64], *comma;
  if (ls_csv_truth(f, value)) return true;
  if (!c->decimal_comma) return ls_decimal(f.text, f.length, value);
  if (f.length >= sizeof point || memchr(f.text, '.', f.length)) return false;
  memcpy(point, f.text, f.length);
  if ((comma = memchr(point, ',', f.length))) *comma = '.';
  return ls_decimal(point, f.length, value);
}

bool ls_csv_excel_error(const char *p) {
  static const char *const words[] = {"#N/A",  "#DIV/0!", "#REF!", "#VALUE!",
                                      "#NUM!", "#NAME?",  "#NULL!"};
  bool is = false;
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    is = is || strncmp(p, words[k], strlen(words[k])) == 0;
  return is;
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
  if (ls_word_missing(f.text, f.length, words, any_case)) return true;
  const ls_csv_field in = bare(f);
  return is_wrapped(f) && ls_word_missing(in.text, in.length, words, any_case);
}

const char *ls_csv_line_end(const ls_csv_text *c, const char *at) {
  const char *mark = memchr(at, '\n', (size_t)(c->end - at));
  return mark ? mark : c->end;
}

bool ls_csv_ended(const ls_csv_text *c, const char *p) {
  while (p < c->end && (*p == '\n' || *p == '\r' || (c->mark == ' ' && is_blank(*p)))) p++;
  return p == c->end;
}

bool ls_csv_blank(const ls_csv_text *c, const char *p) {
  while (c->mark == ' ' && is_blank(*p)) p++;
  return *p == '\n' || *p == '\r';
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
