/* typed.c - quotes for a shell and for programs, and which name a file has once it is unpacked. */
#include "base/typed.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"

static const char file_word[] = "FILE";

char *ls_typed_word(const char *word) {
  static const char plain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";
  if (*word && word[strspn(word, plain)] == '\0') return ls_mem_text(word);
  char *out = ls_mem_must(4 * strlen(word) + 3), *at = out; /* ' becomes '\'' */
  *at++ = '\'';
  for (; *word; word++) {
    if (*word == '\'') {
      memcpy(at, "'\\'", 3);
      at += 3;
    }
    *at++ = *word;
  }
  *at = '\'';
  return out;
}

void ls_typed_add(ls_buffer *line, const char *word) {
  char *quoted = ls_typed_word(word);
  ls_buffer_add(line, " %s", quoted);
  LS_FREE(quoted);
}

/* "name", as a text of a program. */
static char *program_text(const char *name) {
  ls_buffer text = {0};
  ls_buffer_add(&text, "\"");
  for (; *name; name++) ls_buffer_add(&text, "%s%c", strchr("\"\\", *name) ? "\\" : "", *name);
  ls_buffer_add(&text, "\"");
  return text.text;
}

/* What unpacks it, as a shell goes on behind ("" where it is not packed), and the word that it is
 * called by then: of an archive's only file nobody knows its name. */
static char *unpack(const char *path, char **word) {
  const char *member = strstr(path, ".zip/");
  const int length = member ? (int)(member - path) + 4 : (int)strlen(path);
  const bool gz = !member && ls_path_ends_in(path, ".gz");
  const bool zip = !member && ls_path_ends_in(path, ".zip");
  char *packed = ls_mem_format("%.*s", length, path), *name = ls_typed_word(packed);
  if (gz) packed[length - 3] = 0;
  const char *inside = member ? member + 5 : packed;
  *word = zip ? ls_mem_text(file_word) : ls_typed_word(inside);
  char *first = ls_mem_format("%s %s && ", gz ? "gunzip" : "unzip", name);
  if (!gz && !zip && !member) *first = 0;
  LS_FREE(packed);
  LS_FREE(name);
  return first;
}

/* The text with its files named. */
static void add_named(ls_buffer *to, const char *text, const char *word, const char *quoted) {
  const char *next;
  for (const char *at = text;; at = next + sizeof file_word - 1) {
    next = strstr(at, file_word);
    if (!next) next = at + strlen(at);
    ls_buffer_add(to, "%.*s", (int)(next - at), at);
    if (!*next) return;
    ls_buffer_add(to, "%s", next > text && next[-1] == '(' ? quoted : word);
  }
}

char *ls_typed_remedy(const char *remedy, const char *path) {
  const char *in_place = strstr(remedy, "sed -i");
  ls_buffer text = {0};
  char *word = ls_typed_word(path), *quoted = program_text(path);
  if (in_place) {
    LS_FREE(word);
    char *first = unpack(path, &word);
    ls_buffer_add(&text, "%.*s%s", (int)(in_place - remedy), remedy, first);
    LS_FREE(first);
  }
  add_named(&text, in_place ? in_place : remedy, word, quoted);
  LS_FREE(quoted);
  LS_FREE(word);
  return text.text;
}

ls_status ls_fail_remedy(ls_status code, const char *remedy, const char *path) {
  char *typed = ls_typed_remedy(remedy, path);
  ls_fail(code, "%s; %s", ls_error_text(), typed);
  LS_FREE(typed);
  return code;
}
