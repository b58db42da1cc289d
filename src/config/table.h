/* table.h - one row a key: the only source of parsing, defaults, ranges, the resolved dump, help
 * and the schema. A new key is a field in ls_config and a row in table.c; a new way of writing
 * values is a kind here and in kinds.c. */
#ifndef LS_CONFIG_TABLE_H
#define LS_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

typedef enum {
  LS_KEY_SECTION, /* a mapping of `sub` rows; a lone word is its `type` where it has one, or its
                     `lone` */
  LS_KEY_BY_TYPE, /* in `sub`: the rows that depend on `type` come here */
  LS_KEY_INT,     /* int64_t */
  LS_KEY_REAL,    /* double */
  LS_KEY_BOOL,    /* bool */
  LS_KEY_SWITCH,  /* bool: false is choices[0] */
  LS_KEY_ENUM,    /* an enum: its number is the choice's */
  LS_KEY_WORD,    /* const char *: one of the choices */
  LS_KEY_NAME,    /* char * (ls_mem): one of the choices; "" is the choice none */
  LS_KEY_TEXT,    /* char * (ls_mem) */
  LS_KEY_SET,     /* bool[choices]: a list of choices; `extra`: bool that says that it was given */
  LS_KEY_EVERY,   /* ls_every in the units `choices` */
  LS_KEY_SECONDS, /* double */
  LS_KEY_COLUMNS, /* char ** (ls_mem, NULL-terminated) */
  LS_KEY_TEXTS,   /* the same, and there may be none */
  LS_KEY_FILL,    /* double, and `extra`: bool that says that it is there; else one of choices */
  LS_KEY_SOURCE,  /* a section: ls_source_spec */
  LS_KEY_VALIDATION, /* ls_data_spec: a share, or a source */
  LS_KEY_LAYERS,     /* ls_layer_spec *layer, layers in ls_config: a list of sections */
  LS_KEY_REPEAT,     /* int64_t, read only */
  LS_KEY_CLASSES,    /* ls_class_weights: the one choice, or a mapping of classes to numbers */
  LS_KEY_OPTIMIZER,  /* ops of ls_optim_spec, by name */
  LS_KEY_SCHEDULE,   /* ops of ls_schedule_spec, by name */
  LS_KEY_OPTIMIZER_FILE,
  LS_KEY_SCHEDULE_FILE,
  /* Values of optimizers and schedules: all are double */
  LS_KEY_WHOLE,   /* a whole number */
  LS_KEY_FLAG,    /* true or false: 1 or 0 */
  LS_KEY_INDEX,   /* a choice's number */
  LS_KEY_STEPS,   /* `extra`: bool, given in epochs */
  LS_KEY_REALS,   /* its length; `list`: the values */
  LS_KEY_STEPLIST /* its length; `list`: the values; `extra`: bools, in epochs */
} ls_key_kind;

typedef struct ls_key ls_key;
struct ls_key {
  const char *name;
  ls_key_kind kind;
  size_t at;          /* offset in the section's struct; of a section: where its struct begins */
  size_t extra, list; /* more offsets that the kind needs; section with `word`: 8 bytes that are 0
                         where it is absent; section with plug-ins: `list` is the char * (ls_mem) of
                         the keys of one that was not loaded */
  const char *value;  /* default, as YAML; NULL: required (rows of `hyper`: see there) */
  const ls_hyper *hyper; /* the row of an optimizer or schedule that this one stands for */
  double number;         /* its default */
  const char *word;      /* a word in place of a number or mapping ("none", "full"); stored as
                            word_value, NULL or zeros */
  int64_t word_value;
  double min, max;
  bool open_min, open_max;    /* the limit itself is refused */
  const char *const *choices; /* NULL-terminated */
  const char *const *later;   /* names kept free for choices that are not there yet, or NULL */
  const char *lone;           /* section: the key that a lone number or word stands for; where it
                                 has types that is `type` */
  const ls_key *sub;          /* ends with name == NULL */
  /* Rows that go with a type; `base` (the section's struct) may be NULL. Made in `space` where they
   * are not fixed. */
  const ls_key *(*by_type)(const char *type, const void *base, ls_key *space);
  const char *help;    /* one sentence, no full stop */
  const char *example; /* a value, for help */
};

/* An item of model.layers as it is written. */
enum { LS_LAYERS_MAX = 9999 }; /* numbered NNNN in files */
typedef struct {
  ls_layer_spec spec;
  int64_t repeat;
} ls_layer_item;

/* Rows of a section for one type, flattened. */
enum { LS_ROWS_MAX = 48 };
typedef struct {
  const ls_key *row[LS_ROWS_MAX];
  int count;
  ls_key space[LS_HYPER_MAX + 1];
} ls_key_rows;
void ls_key_rows_get(ls_key_rows *rows, const ls_key *section, const char *type, const void *base);
const ls_key *ls_key_rows_find(const ls_key_rows *rows, const char *name);

extern const ls_key ls_table; /* the root section */
/* The choices of `type` rows that come from other rooms' tables are collected on the first call;
 * every user calls it first. */
void ls_table_init(void);
bool ls_key_required(const ls_key *key);

/* Call `visit` for every key of every section and type, in order; path as "model.layers[].units";
 * type of the enclosing section's variant or NULL. Stops when it returns false. */
typedef bool ls_visit(void *context, const char *path, const char *type, const ls_key *key);
void ls_table_walk(ls_visit *visit, void *context);

#endif
