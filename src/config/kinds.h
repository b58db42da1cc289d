/* kinds.h - the kinds of value, by the files that hold them (kind_number.c, kind_choice.c,
 * kind_time.c, kind_data.c, kind_optim.c, section.c), and what these files share. Each kind names
 * the C type of its field. */
#ifndef LS_CONFIG_KINDS_H
#define LS_CONFIG_KINDS_H

#include "config/key.h"

/* kind_number.c */
extern const ls_kind ls_kind_int;    /* int64_t */
extern const ls_kind ls_kind_repeat; /* int64_t, never printed: layers are printed one by one */
extern const ls_kind ls_kind_real;   /* double */
extern const ls_kind ls_kind_whole;  /* double: a whole number */

/* kind_choice.c */
extern const ls_kind ls_kind_text;       /* char * */
extern const ls_kind ls_kind_bool;       /* bool */
extern const ls_kind ls_kind_unless;     /* bool: false where the key is true */
extern const ls_kind ls_kind_flag;       /* double: 1 or 0 */
extern const ls_kind ls_kind_switch;     /* bool: false is choices[0] */
extern const ls_kind ls_kind_enum;       /* an enum: its number is the choice's */
extern const ls_kind ls_kind_index;      /* double: the choice's number */
extern const ls_kind ls_kind_word;       /* const char *: one of the choices */
extern const ls_kind ls_kind_name;       /* char *: one of the choices; "" is the choice none */
extern const ls_kind ls_kind_loss;       /* the same, each explained */
extern const ls_kind ls_kind_activation; /* as ls_kind_word, each explained */
extern const ls_kind ls_kind_set;        /* bool[choices]: a list of choices */

/* kind_time.c */
extern const ls_kind ls_kind_every;    /* ls_every in the units `choices` */
extern const ls_kind ls_kind_seconds;  /* double */
extern const ls_kind ls_kind_steps;    /* double */
extern const ls_kind ls_kind_reals;    /* double: a list's length */
extern const ls_kind ls_kind_steplist; /* the same */

/* kind_data.c */
extern const ls_kind ls_kind_columns;    /* char **, NULL-terminated */
extern const ls_kind ls_kind_datasets;   /* the same; one is written alone */
extern const ls_kind ls_kind_texts;      /* the same, and there may be none */
extern const ls_kind ls_kind_take;       /* of ls_init_spec, take and layers */
extern const ls_kind ls_kind_fill;       /* double; `given`: an ls_missing */
extern const ls_kind ls_kind_classes;    /* ls_class_weights: the one choice, or class: number */
extern const ls_kind ls_kind_scalings;   /* ls_named_scalings: a mapping of columns to sections */
extern const ls_kind ls_kind_source;     /* a section: ls_source_spec */
extern const ls_kind ls_kind_validation; /* of ls_data_spec: a share, or a source */

/* kind_optim.c: of an ls_optim_spec or ls_schedule_spec, `ops` by name and a plug-in's file */
extern const ls_kind ls_kind_optim, ls_kind_optim_file;
extern const ls_kind ls_kind_loss_file; /* of an ls_config */
extern const ls_kind ls_kind_schedule, ls_kind_schedule_file;

/* section.c */
extern const ls_kind ls_kind_section; /* a mapping of `sub` rows; a lone word is its `type` */
extern const ls_kind ls_kind_layers;  /* of ls_config, layer and layers: a list of sections */

/* An item of model.layers as it is written. */
typedef struct {
  ls_layer_spec spec;
  int64_t repeat;
} ls_layer_item;

/* ---- what the kinds share, by the file that has it ---- */

/* kind_number.c. In the key's range? */
bool ls_value_in_range(const ls_key *key, double x);
bool ls_value_real(const ls_value *v, double *out); /* false after a complaint */
const char *ls_number_text(ls_node_arena *arena, double value);
/* "a number > 0": `what` within the key's range. */
const char *ls_describe_range(const ls_value *v, const char *what);
json_t *ls_schema_real(const ls_key *key);

/* kind_choice.c. The choice's number; -1 after a complaint. */
int ls_value_choice(const ls_value *v);
int ls_value_find(const ls_value *v, const char *const *words); /* -1 without a complaint */
const char *ls_describe_words(ls_node_arena *arena, const char *const *words); /* "a, b" */
const char *ls_describe_choice(const ls_value *v);
json_t *ls_schema_choice(const ls_key *key);

json_t *ls_print_text(const ls_value *v);
json_t *ls_schema_type(const char *type); /* "string" */
json_t *ls_schema_text(const ls_key *key);
json_t *ls_schema_number_or_text(const ls_key *key);
void ls_free_text(const ls_value *v);

#endif
