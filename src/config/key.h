/* key.h - what a key of the config is, and what a kind of value is: a row each.
 *
 * A key (ls_key; all of them in table.c) has a name, a place in a struct, a default and a range. A
 * kind (ls_kind; all of them in kinds.h) is a way of writing values: the functions that read,
 * print, describe and free one. Every other file of this room asks the rows and knows no key and no
 * kind by name. Functions: key.c. Read on in kinds.h, then in section.c, which goes through the
 * rows. */
#ifndef LS_CONFIG_KEY_H
#define LS_CONFIG_KEY_H

#include "config/config.h"
#include "config/node.h"
#include "config/number.h"
#include "config/report.h"
#include "io/json.h"

typedef struct ls_key ls_key;

/* Where values are read to, and complained of. */
typedef struct {
  ls_report *report;
  ls_config *config;
  bool plugins; /* load those that it names; else their own keys are kept as they are written */
  const ls_key *root; /* ls_table() */
} ls_reader;

/* A value on its way in or out: what it is, and where. */
typedef struct {
  ls_node_arena *arena; /* of all texts that are made */
  const ls_key *key;
  void *base;       /* the section's struct, from which the key's offsets count */
  ls_node *node;    /* parse: as it is written; */
  const char *path; /* what messages call it; */
  ls_reader *rd;    /* and who reads */
} ls_value;
#define LS_FIELD_AT(v, offset, type) (*(type *)((char *)(v)->base + (v)->key->offset))
#define LS_FIELD(v, type) LS_FIELD_AT(v, at, type)

/* A new kind is one such row: this is all that there is to say about it. */
typedef struct {
  /* Read the node into the field; false after a complaint. The key's word has been dealt with, and
   * so has what is null or, unless `nested`, no single value. */
  bool (*parse)(const ls_value *v);
  /* The field as it would be written, by key and base alone; NULL where there is nothing to print.
   * Two values are the same if they are printed alike. */
  json_t *(*print)(const ls_value *v);
  const char *(*describe)(const ls_value *v); /* "a number > 0", by key alone; NULL: `words` */
  json_t *(*schema)(const ls_key *key);       /* without word and default */
  const char *words;                          /* what every key of the kind takes */
  void (*free)(const ls_value *v);            /* what parse has allocated; NULL: nothing */
  const char *(*explain)(const char *choice); /* a choice's help, or NULL; NULL: none has any */
  bool nested;                                /* parse sees lists and mappings too */
  const char *items; /* many sections, whose rows are each one's: how it is written in a path, "[]";
                        NULL: it is none */
  enum {
    LS_AS_BOOL,
    LS_AS_NOT,
    LS_AS_ENUM,
    LS_AS_DOUBLE
  } as; /* what a choice or a yes is stored as */
} ls_kind;

/* A row: parse, print, describe and schema, then other members by name. */
#define LS_KIND(...) LS_KIND_ROW(__VA_ARGS__)
#define LS_KIND_ROW(read, show, tell, form, ...) \
  { .parse = read, .print = show, .describe = tell, .schema = form, __VA_ARGS__ }

/* Rows that are made of another room's table, and their defaults as texts. */
typedef struct ls_key_space ls_key_space;

struct ls_key {
  const char *name;
  const ls_kind *kind;
  size_t at;           /* offset in the section's struct; of a section: where its own begins */
  const char *value;   /* default, as YAML; NULL: required */
  const char *help;    /* one sentence, no full stop */
  const char *example; /* a value, for help; NULL: the default */
  const char *word;    /* in place of a value ("none", "full"): the field stays 0, or: */
  int64_t word_value;
  double min, max;
  bool open_min, open_max;    /* the limit itself is refused */
  const char *const *choices; /* NULL-terminated */
  size_t given;   /* of a set with a word, of fill: offset of a bool, was it given? Of fill
                   an ls_missing */
  size_t epochs;  /* of steps: offset of a bool (of a list: of its bools), in epochs? 0: never */
  size_t list;    /* offset of a list's doubles; its length is at `at` */
  unsigned flags; /* LS_KEY_FREE and so on (config.h); a section's hold for all keys in it */
  /* Of a section: its rows, up to a NULL name. Where it has a word, it is absent when the field of
   * its first row, 8 bytes, is 0. */
  const ls_key *sub;
  const ls_key *drawn; /* of validation: rows of a share, where `sub` are those of a source */
  const char *lone; /* the row that a lone value stands for; where there are types that is `type` */
  /* The rows that go with a type; they stand where `sub` has a row named "". `base`, the section's
   * struct, may be NULL. */
  const ls_key *(*by_type)(const char *type, const void *base, ls_key_space *space);
  size_t own; /* offset of the char * (ls_mem) of a plug-in's keys that was not loaded; 0: none */
  const ls_hyper *hyper; /* another room's row that this one stands for; NULL: none */
  bool preset;           /* its default is a preset's */
};

struct ls_key_space {
  ls_key row[LS_HYPER_MAX + 1];
  char value[LS_HYPER_MAX][LS_NUMBER_TEXT];
};

/* Read a value: its word here, all else by its kind. */
bool ls_key_parse(const ls_value *v);
/* Complain that the value `why` ("is out of range"; "": is of a wrong form); returns false. */
bool ls_key_refuse(const ls_value *v, const char *why);
/* "a whole number from 1 to 9, or full": what a key takes. In the arena or constant. */
const char *ls_key_describe(ls_node_arena *arena, const ls_key *key);
json_t *ls_key_schema(const ls_key *key);
json_t *ls_schema_list(json_t *items);
json_t *ls_schema_either(json_t *a, json_t *b);
/* "path.name", or the name alone at the top. */
const char *ls_key_join(ls_node_arena *arena, const char *path, const char *name);

/* A section's rows in order, those of `type` in their place (type NULL: without them). by_type is
 * asked when they are reached, so that rows before them may have been read into `base` by then.
 *   ls_key_rows rows = {.next = section->sub};
 *   while ((row = ls_key_rows_next(&rows, section, type, base))) */
typedef struct {
  const ls_key *next, *rest;
  ls_key_space space;
} ls_key_rows;
const ls_key *ls_key_rows_next(ls_key_rows *rows, const ls_key *section, const char *type,
                               const void *base);

/* Call `visit` for every key of every section and type below `root` (ls_table()), in order; path as
 * "model.layers[].units"; type of the enclosing section's variant or NULL. Stops when it returns
 * false. */
typedef bool ls_key_visit(void *context, const char *path, const char *type, const ls_key *key);
void ls_key_walk(const ls_key *root, ls_key_visit *visit, void *context);

#endif
