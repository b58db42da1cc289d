/* print.c - the one printer: JSON as it is, or a look filled in; then tables get their widths.
 * Begin with fill, which goes through a look from brace to brace. */
#include "cli/print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "io/json.h"
#include "view/text.h"

enum { COLUMNS_MAX = 32, NAME_MAX_BYTES = 64 };

/* ---- as JSON ---- */

/* A file's name may be in any encoding; JSON takes only UTF-8. */
static void mend_text(json_t *value) {
  json_t *good = json_string(json_string_value(value));
  if (!good) {
    char *text = ls_mem_text(json_string_value(value));
    for (char *c = text; *c; c++)
      if (*c & 0x80) *c = '?';
    json_string_set(value, text);
    LS_FREE(text);
  }
  json_decref(good);
}

static void tidy(json_t *value) {
  size_t i;
  json_t *item;
  const char *key;
  void *next;
  if (json_is_string(value)) mend_text(value);
  json_array_foreach(value, i, item) tidy(item);
  json_object_foreach_safe(value, next, key, item) {
    if (*key == '_')
      json_object_del(value, key);
    else
      tidy(item);
  }
}

static char *json_line(json_t *value) {
  tidy(value);
  char *line = ls_json_line(value), *text = ls_mem_format("%s\n", line);
  LS_FREE(line);
  return text;
}

/* ---- places ---- */

/* What names are looked for in: the item of the innermost loop, then those around it. */
typedef struct scope {
  const struct scope *outer;
  json_t *item;
  const char *key; /* of a member */
  size_t number;
} scope;

typedef struct {
  char mark; /* ? * / | # @ , or 0 for a member */
  char name[NAME_MAX_BYTES];
  double factor;
  int width, digits; /* digits -1: none asked for */
  char kind;
} place;

/* What is between { and }; *at is left behind it. */
static place read_place(const char **at) {
  place p = {.factor = 1, .digits = -1};
  const char *c = *at + 1;
  if (strchr("?*/|#@,", *c)) p.mark = *c++;
  size_t length = strcspn(c, "*:}");
  memcpy(p.name, c, length);
  c += length;
  char *end = (char *)c;
  if (*end == '*') p.factor = strtod(end + 1, &end);
  if (*end == ':') {
    p.width = (int)strtol(end + 1, &end, 10);
    if (*end == '.') p.digits = (int)strtol(end + 1, &end, 10);
    if (*end != '}') p.kind = *end++;
  }
  *at = end + 1;
  return p;
}

static json_t *find(const scope *s, const char *name) {
  if (strcmp(name, ".") == 0) return s->item;
  json_t *value = NULL;
  char word[NAME_MAX_BYTES];
  for (bool first = true; *name; first = false) {
    size_t length = strcspn(name, ".");
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    if (!first) value = json_object_get(value, word);
    for (; first && s && !value; s = s->outer) value = json_object_get(s->item, word);
    name += length + (name[length] == '.');
  }
  return value;
}

static bool says_something(const json_t *value) {
  if (json_is_string(value)) return *json_string_value(value) != '\0';
  if (json_is_integer(value)) return json_integer_value(value) != 0;
  return json_is_true(value) || json_is_real(value) || json_array_size(value) > 0 ||
         json_object_size(value) > 0;
}

/* Characters of UTF-8 in so many bytes. */
static int characters(const char *text, int bytes) {
  int n = 0;
  for (int i = 0; i < bytes; i++) n += ls_utf8_begins(text[i]);
  return n;
}

static void write_text(FILE *to, const char *text, int width) {
  const int length = characters(text, (int)strlen(text));
  for (int i = length; i < width; i++) fputc(' ', to);
  for (const char *c = text; *c; c++) {
    bool control = ((unsigned char)*c < ' ' && *c != '\n') || *c == 0x7f;
    fputc(control ? '?' : *c, to);
  }
  for (int i = length; i < -width; i++) fputc(' ', to);
}

static void write_real(FILE *to, const place *p, double value) {
  char text[LS_TEXT];
  if (p->kind == 'k')
    write_text(to, ls_text_count(value, text), p->width);
  else if (p->kind == 'f')
    fprintf(to, "%*.*f", p->width, p->digits, value);
  else
    fprintf(to, "%*.*g", p->width, p->digits, value);
}

static void write_value(FILE *to, const place *p, const json_t *value) {
  double number = json_number_value(value);
  if (p->kind == 's')
    fputs(number == 1 ? "" : "s", to);
  else if (json_is_real(value) || (json_is_integer(value) && p->kind))
    write_real(to, p, number * p->factor);
  else if (json_is_integer(value))
    fprintf(to, "%*lld", p->width, (long long)json_integer_value(value));
  else if (json_is_boolean(value))
    write_text(to, json_is_true(value) ? "yes" : "no", p->width);
  else
    write_text(to, json_is_string(value) ? json_string_value(value) : "-", p->width);
}

/* ---- blocks ---- */

static void fill(FILE *to, const scope *s, const char *at, const char *end);

/* From behind a {?} or {*} to its {/}; *other: behind its {|}, or the end where it has none. */
static const char *end_of_block(const char *at, const char **other) {
  *other = NULL;
  for (int depth = 0;; at++) {
    at = strchr(at, '{');
    if (at[1] == '/' && depth == 0) break;
    if (at[1] == '|' && depth == 0) *other = at;
    if (at[1] == '/') depth--;
    if (at[1] == '?' || at[1] == '*') depth++;
  }
  if (!*other) *other = at;
  return at;
}

static void fill_each(FILE *to, const scope *s, json_t *list, const char *at, const char *end) {
  size_t i, number = 0;
  json_t *item;
  const char *key;
  json_array_foreach(list, i, item) {
    fill(to, &(scope){.outer = s, .item = item, .number = i}, at, end);
  }
  json_object_foreach(list, key, item) {
    fill(to, &(scope){.outer = s, .item = item, .key = key, .number = number++}, at, end);
  }
}

static void fill(FILE *to, const scope *s, const char *at, const char *end) {
  while (at < end) {
    const char *brace = memchr(at, '{', (size_t)(end - at)), *other, *last;
    if (!brace) brace = end;
    fwrite(at, 1, (size_t)(brace - at), to);
    at = brace;
    if (at == end) return;
    place p = read_place(&at);
    if (p.mark == '#') fprintf(to, "%*zu", p.width, s->number);
    if (p.mark == '@') write_text(to, s->key, p.width);
    if (p.mark == ',' && s->number > 0) fputs(", ", to);
    if (p.mark == 0) write_value(to, &p, find(s, p.name));
    if (p.mark != '?' && p.mark != '*') continue;
    last = end_of_block(at, &other);
    if (p.mark == '*')
      fill_each(to, s, find(s, p.name), at, last);
    else if (says_something(find(s, p.name)))
      fill(to, s, at, other);
    else if (other < last)
      fill(to, s, other + strlen("{|}"), last);
    at = last + strlen("{/}");
  }
}

/* ---- tables ---- */

typedef struct {
  int width[COLUMNS_MAX];
  bool right[COLUMNS_MAX], shown[COLUMNS_MAX];
} columns;

/* How many bytes a line's cell number k has; -1: there are fewer cells. *text is left at it. */
static int cell(const char **text, int k) {
  for (; k > 0; k--) {
    size_t length = strcspn(*text, "\t\n");
    if ((*text)[length] != '\t') return -1;
    *text += length + 1;
  }
  return (int)strcspn(*text, "\t\n");
}

static bool is_row(const char *line) { return line[strcspn(line, "\t\n")] == '\t'; }
static const char *next_line(const char *line) {
  line += strcspn(line, "\n");
  return *line ? line + 1 : line;
}

static void measure(const char *row, const char *end, columns *c) {
  for (int k = 0; k < COLUMNS_MAX; k++) {
    c->right[k] = k > 0;
    for (const char *at = row; at < end; at = next_line(at)) {
      const char *text = at;
      int length = cell(&text, k);
      const int width = characters(text, length);
      if (width > c->width[k]) c->width[k] = width;
      if (at == row || length < 0) continue;
      c->right[k] = c->right[k] && strchr("-.0123456789", *text);
      c->shown[k] = c->shown[k] || length != 1 || *text != '-';
    }
  }
}

static void write_row(FILE *to, const char *row, const columns *c) {
  const char *between = "";
  for (int k = 0; k < COLUMNS_MAX; k++) {
    const char *text = row;
    int length = cell(&text, k);
    if (length < 0) break;
    if (!c->shown[k]) continue;
    int pad = c->width[k] - characters(text, length);
    bool last = text[length] != '\t';
    fprintf(to, "%s%*s%.*s%*s", between, c->right[k] ? pad : 0, "", length, text,
            c->right[k] || last ? 0 : pad, "");
    between = "  ";
  }
  fputc('\n', to);
}

static void write_aligned(FILE *to, const char *line) {
  while (*line) {
    const char *end = line;
    while (is_row(end)) end = next_line(end);
    columns c = {0};
    if (end == line) {
      end = next_line(line);
      fwrite(line, 1, (size_t)(end - line), to);
      line = end;
    } else {
      measure(line, end, &c);
    }
    for (; line < end; line = next_line(line)) write_row(to, line, &c);
  }
}

/* ---- the printer ---- */

static bool out_started;

bool ls_out_started(void) { return out_started; }

void ls_out(const ls_cli *cli, const char *format, ...) {
  if (cli->comm && ls_comm_rank(cli->comm) != 0) return;
  out_started = true;
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
}

char *ls_print_look(json_t *value, const char *look) {
  char *text, *raw;
  size_t bytes;
  FILE *memory = open_memstream(&text, &bytes);
  fill(memory, &(scope){.item = value}, look, look + strlen(look));
  raw = ls_text_of(memory, &text);
  memory = open_memstream(&text, &bytes);
  write_aligned(memory, raw);
  LS_FREE(raw);
  return ls_text_of(memory, &text);
}

void ls_print(const ls_cli *cli, json_t *value, const char *look) {
  char *text = NULL;
  if (cli->json)
    text = json_line(value);
  else if (look)
    text = ls_print_look(value, look);
  if (text) ls_out(cli, "%s", text);
  LS_FREE(text);
  json_decref(value);
}
