/* csv_remedy.c - a list of remedies, each in words for a config and for a checkpoint, and the
 * guesses that choose one: by the first lines, a record's shape, or a field that is no number.
 * Begin with number_remedy; the order of its questions matters, the first that fits wins. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/typed.h"
#include "data/formats/csv.h"
#include "data/formats/csv_layout.h"

enum { FRAME_WITHIN = 3, EXPONENT_SHOWN = 40, MARK_SHOWN = 16, LOOKED_AT = 100 };

/* In the words of a config; of the file itself, where a checkpoint says how it is read. NULL: there
 * is nothing to say. */
typedef struct {
  const char *config, *file;
} remedy;
#define BOTH(text) \
  { text, text }

static const remedy
    comment = {"data.comment: \"#\" passes over lines that begin so",
               "the training data had no comments: take lines that begin with # out"},
    title =
        {"if the first line is no header but a title: header: false, and data.skip leaves it out",
         "if the first line is no header but a title, take it out"},
    no_sample = {"if the first line is no sample, data.skip leaves it out",
                 "if the first line is no sample, take it out"},
    framed = BOTH(
        "bars and dashes frame this table: take them out (sed -i '/^[-+|:= ]*$/d; s/^ *| *//; s/ "
        "*| *\\r*$//' FILE)"),
    hash_names = BOTH("the first line begins with #: take that mark out (sed -i '1s/^# *//' FILE)"),
    empty_line = BOTH("the first line is empty: take it out (sed -i 1d FILE)"),
    excel = BOTH("the first line is for Excel alone: take it out (sed -i 1d FILE)"),
    counting =
        {"the first line counts samples and inputs, and is no header: header: false, and "
         "data.skip: {train: 1} leaves it out",
         "the first line counts samples and inputs, and is no header: take it out (sed -i 1d "
         "FILE)"},
    counting_names = BOTH(
        "the first line counts samples and inputs, the second is the header: take "
        "the first out (sed -i 1d FILE)"),
    row_names =
        {"if the first column has no name since it names the rows (R): "
         "write.table(..., row.names = FALSE), or header: false, data.skip: {train: 1} "
         "and columns by number",
         "if the first column has no name since it names the rows (R): "
         "write.table(..., row.names = FALSE)"},
    no_header =
        {"the first line has numbers for names: if it is a sample, header: false and "
         "columns by number",
         "the first line has numbers for names: if it is a sample, --no-header"},
    header_again =
        BOTH("this is the header once more (files that were joined?): take the line out"),
    trailing = BOTH(
        "lines that end with a separator have an empty field more than the header: take "
        "it out (sed -i 's/[,;]\\r*$//' FILE)"),
    sparse = BOTH(
        "INDEX:VALUE as LIBSVM writes it is not read: "
        "sklearn.datasets.load_svmlight_file(FILE), and X.toarray() in columns"),
    units = {"if this line is no sample (units?), data.skip leaves it out",
             "if this line is no sample (units?), take it out"},
    words =
        {"data.text_inputs: one_hot takes texts for inputs; what samples are called is better "
         "left out of x",
         NULL},
    no_numbers = {"this column has no numbers (dates?): leave it out of x, or make numbers of it",
                  NULL},
    classes =
        {"texts as targets are classes, which are one column of y and go with loss: "
         "cross_entropy",
         NULL},
    decimal_point = {"if decimals have commas here: data.decimal: \",\"",
                     "decimals had points in the training data: pandas.read_csv(FILE, sep=None, "
                     "decimal=\",\").to_csv(\"new.csv\", index=False)"},
    decimal_comma = {"data.decimal is \",\", and decimals have points here",
                     "decimals had commas in the training data: pandas.read_csv(FILE, sep=None)"
                     ".to_csv(\"new.csv\", sep=\";\", decimal=\",\", index=False)"},
    wide_quotes = BOTH(
        "a quote behind a blank is part of the text: take the blanks out (sed -i 's/\\([,;]\\) "
        "*\"/\\1\"/g' FILE)"),
    single_quotes = BOTH("quotes are double ones: sed \"s/'/\\\"/g\" FILE >NEW"),
    gap = BOTH(
        "if a value is missing in a table of fixed widths: "
        "pandas.read_fwf(FILE).to_csv(\"new.csv\", "
        "index=False)"),
    unquoted = BOTH("a text with a separator in it belongs in quotes"),
    semicolons =
        {"if fields are separated by ; here: data.separator: \";\", and data.decimal: "
         "\",\" where decimals have commas",
         "if fields are separated by ; here, write the file as the training data were"},
    dressed = BOTH(
        "numbers are plain here: take signs of thousands, per cent and currencies out "
        "(pandas: read_csv(FILE, thousands=...), str.strip)"),
    exponent =
        BOTH("an exponent is written with E: write such numbers in Fortran with es25.16 or *"),
    /* whose words depend on where the table begins, what separates its fields, which line or field
     * it is */
    titles = {NULL, NULL}, separator = {NULL, NULL}, foreign = {NULL, NULL},
    odd_line = {NULL, NULL}, no_value = {NULL, NULL};

/* The same failure, with this text behind it; NULL: as it is. */
static ls_status add(const ls_csv *c, ls_status status, const char *text) {
  if (!text) return status;
  const bool keys = strstr(text, "data.") || strstr(text, "header: false");
  ls_fail_remedy(status, text, c->text.path);
  if (!keys || c->by != LS_CSV_BY_IMPORT) return status;
  return ls_fail(status, "%s (in a config: lockstep data import CONFIG)", ls_error_text());
}

/* A mark that separates fields and is none of ours, as tr is told of it. */
static ls_status propose_mark(const ls_csv *c, ls_status status) {
  size_t length;
  const unsigned char mark = (unsigned char)ls_csv_foreign_mark(&c->text, &length);
  char text[80], shown[8];
  snprintf(shown, sizeof shown, mark < ' ' ? "\\%03o" : "%c", mark);
  snprintf(text, sizeof text, "if '%s' separates: tr%s '%s' ',' <FILE >NEW", shown,
           length > 1 ? " -s" : "", shown);
  return add(c, status, text);
}

/* A line that other lines do not look like. */
static ls_status propose_line(const ls_csv *c, ls_status status, int64_t line) {
  char text[80];
  snprintf(text, sizeof text, "if it is no sample, take it out (sed -i %jdd FILE)", line);
  return add(c, status, text);
}

/* All files are separated as the first one is. */
static ls_status propose_as_before(const ls_csv *c, ls_status status, ls_separator here) {
  static const char *const of_pandas[] = {"", ",", ";", "\\t", "|", "\\s+"};
  char text[200];
  const ls_separator there = c->text.separator;
  snprintf(text, sizeof text,
           "the lines agree where \"%s\" separates, and \"%s\" does in the first file: "
           "pandas.read_csv(FILE, sep=\"%s\").to_csv(\"new.csv\", sep=\"%s\", index=False)",
           ls_separator_names[here], ls_separator_names[there], of_pandas[here],
           there == LS_SEPARATOR_BLANKS ? " " : of_pandas[there]);
  return add(c, status, text);
}

/* What depends on where the table begins and what separates its fields. */
static ls_status propose_layout(const ls_csv *c, ls_status status, const remedy *r) {
  ls_csv_layout table;
  char text[160];
  if (!ls_csv_find_table(&c->text, &table)) return status;
  const char *mark = ls_separator_names[table.separator];
  if (r == &titles)
    snprintf(text, sizeof text,
             "the table begins on line %jd: take what stands before it out (sed -i 1,%jdd FILE)",
             table.line, table.line - 1);
  else if (c->before)
    return propose_as_before(c, status, table.separator);
  else if (c->by == LS_CSV_BY_CHECKPOINT)
    snprintf(text, sizeof text, "the lines agree where \"%s\" separates: quote the names", mark);
  else
    snprintf(text, sizeof text, "the lines agree where \"%s\" separates: data.separator: \"%s\"",
             mark, mark);
  return add(c, status, text);
}

static ls_status propose(const ls_csv *c, ls_status status, const remedy *r) {
  if (!r) return status;
  if (r == &titles || r == &separator) return propose_layout(c, status, r);
  if (r == &foreign) return propose_mark(c, status);
  return add(c, status, c->by == LS_CSV_BY_CHECKPOINT ? r->file : r->config);
}

/* ---- first lines ---- */

static bool is_empty(const ls_csv *c) { return ls_csv_blank(&c->text, c->text.start.at); }

int ls_csv_counted(const ls_csv *c) {
  ls_csv_cursor at = c->text.start;
  ls_csv_field f[2];
  double samples, inputs;
  int64_t lines = 0, fields;
  if (ls_csv_record(&c->text, &at, f, 2, &fields) != LS_OK || fields < 2) return 0;
  if (!ls_csv_number(&c->text, f[0], &samples) || !ls_csv_number(&c->text, f[1], &inputs)) return 0;
  for (; !ls_csv_ended(&c->text, at.at); lines++)
    if (ls_csv_record(&c->text, &at, NULL, 0, &fields) != LS_OK) return 0;
  if ((double)fields != inputs + 1) return 0;
  if ((double)lines == samples) return 1;
  return (double)lines == samples + 1 ? 2 : 0;
}

static const remedy *by_counts(const ls_csv *c) {
  static const remedy *const of[] = {NULL, &counting, &counting_names};
  return of[ls_csv_counted(c)];
}

bool ls_csv_counting(char *const *name, int64_t columns) {
  const int64_t first = columns > 0 && !*name[0];
  char number[24];
  for (int64_t k = first; k < columns; k++) {
    snprintf(number, sizeof number, "%jd", k - first);
    if (strcmp(name[k], number) != 0) return false;
  }
  return columns - first > 1;
}

/* How many of the columns have a name. */
static int64_t named(const ls_csv *c) {
  int64_t n = 0;
  for (int64_t k = 0; k < c->columns; k++) n += *c->head[k] != 0;
  return n;
}

/* Has the second line more fields than the first, or the first only one that is not empty? One
 * more are names of rows. */
static const remedy *by_title(const ls_csv *c) {
  ls_csv_cursor second = c->next;
  int64_t fields;
  if (!c->head || ls_csv_ended(&c->text, second.at)) return NULL;
  if (c->columns > 2 && *c->head[0] && named(c) == 1) return &title;
  if (ls_csv_record(&c->text, &second, NULL, 0, &fields) != LS_OK) return NULL;
  if (c->columns > 1 && fields == c->columns + 1) return &row_names;
  return fields > c->columns ? &title : NULL;
}

/* Several lines before the table, or one that is no header since none is awaited; or a header that
 * has another separator in a name. */
static const remedy *by_layout(const ls_csv *c) {
  ls_csv_layout table;
  if (!ls_csv_find_table(&c->text, &table)) return NULL;
  const int64_t before = table.line - c->text.start.line;
  if (before > (c->head ? 1 : 0)) return &titles;
  return before == 0 && table.separator != c->text.separator ? &separator : NULL;
}

/* Markdown's tables and those that databases print have a line of dashes and bars at their begin.
 */
static bool is_framed(const ls_csv_text *text) {
  const char *at = text->start.at;
  for (int k = 0; k < FRAME_WITHIN && !ls_csv_ended(text, at); k++) {
    const char *end = ls_csv_line_end(text, at);
    size_t n = strspn(at, "-+|:= \r");
    if (n >= (size_t)(end - at) && memchr(at, '-', (size_t)(end - at)) &&
        (memchr(at, '|', (size_t)(end - at)) || memchr(at, '+', (size_t)(end - at))))
      return true;
    at = end + (end < text->end);
  }
  return false;
}

/* A first line that is neither a header nor a sample, whatever stands behind it. */
static const remedy *by_first_line(const ls_csv *c) {
  if (is_framed(&c->text)) return &framed;
  const remedy *known = by_layout(c);
  if (known) return known;
  if (is_empty(c)) return &empty_line;
  return strncmp(c->text.start.at, "sep=", 4) == 0 ? &excel : by_counts(c);
}

bool ls_csv_first_odd(const ls_csv *c) { return by_first_line(c) || by_title(c); }

static bool is_single(ls_csv_field f) {
  return f.length > 1 && f.text[0] == '\'' && f.text[f.length - 1] == '\'';
}

/* A quoted text behind a blank, which is not taken for one. */
static bool is_wide(ls_csv_field f) {
  return f.length > 1 && f.text[0] == '"' && f.text[f.length - 1] == '"';
}

static bool has_wide_names(const ls_csv *c) {
  bool wide = false;
  for (int64_t k = 0; c->head && k < c->columns && !wide; k++)
    wide = is_wide((ls_csv_field){c->head[k], strlen(c->head[k])});
  return wide;
}

static bool has_numbers_for_names(const ls_csv *c) {
  double value;
  bool numbers = c->head != NULL;
  for (int64_t k = 0; k < c->columns && numbers; k++)
    numbers = ls_csv_number(&c->text, (ls_csv_field){c->head[k], strlen(c->head[k])}, &value);
  return numbers;
}

/* A first line that begins with #: a comment, or NumPy's and others' way to write names. */
static const remedy *by_hash(const ls_csv *c) {
  ls_csv_cursor at = c->text.start;
  int64_t fields;
  if (!c->head || *at.at != '#' || c->text.comment) return NULL;
  if (ls_csv_record(&c->text, &at, NULL, 0, &fields) != LS_OK || ls_csv_ended(&c->text, at.at))
    return NULL;
  if (*at.at == '#') return &comment;
  if (ls_csv_record(&c->text, &at, NULL, 0, &fields) != LS_OK) return NULL;
  const bool alone = strcmp(c->head[0], "#") == 0; /* "# a b" of two columns */
  return fields == c->columns - (alone ? 1 : 0) ? &hash_names : &comment;
}

/* "1,5;2,3", whose commas are taken for separators. */
static bool has_semicolons(const ls_csv *c) {
  const char *at = c->text.start.at, *end = ls_csv_line_end(&c->text, at);
  return c->text.mark == ',' && !c->head && memchr(at, ';', (size_t)(end - at));
}

/* Before the first record is read: c->next is what stands behind the header. */
static const remedy *column_remedy(const ls_csv *c) {
  const remedy *marked = by_hash(c), *known = marked ? marked : by_first_line(c);
  if (known) return known;
  size_t length;
  if (has_semicolons(c)) return &semicolons;
  if (c->head && is_single((ls_csv_field){c->head[0], strlen(c->head[0])})) return &single_quotes;
  if (has_wide_names(c)) return &wide_quotes;
  if (c->columns == 1 && ls_csv_foreign_mark(&c->text, &length)) return &foreign;
  return has_numbers_for_names(c) ? &no_header : by_title(c);
}

/* Where a first line holds no names at all, what it lacks and has says nothing. */
ls_status ls_csv_remedy_column(const ls_csv *c, ls_status status) {
  const remedy *known = column_remedy(c);
  if (known == &empty_line || known == &excel || known == &titles)
    status = ls_fail(status, "%s:%jd: %s", ls_csv_path(c), c->text.start.line,
                     c->head ? "there are no names of columns" : "this is no sample");
  return propose(c, status, known);
}

bool ls_csv_remedy_text(const ls_csv *c, ls_status status) {
  size_t length;
  const bool alone = c->columns == 1 && ls_csv_foreign_mark(&c->text, &length);
  const remedy *known = is_framed(&c->text) ? &framed : NULL;
  if (!known && alone) known = &foreign;
  (void)propose(c, status, known);
  return known != NULL;
}

/* ---- records of another shape ---- */

/* "3:0.5" between blanks; elsewhere it is a time of day. */
static bool is_sparse(const ls_csv *c, ls_csv_field f) {
  if (c->text.mark != ' ') return false;
  const char *colon = memchr(f.text, ':', f.length);
  const size_t before = colon ? (size_t)(colon - f.text) : 0;
  double value;
  if (before == 0 || !ls_csv_number(&c->text, (ls_csv_field){f.text, before}, &value)) return false;
  return ls_csv_number(&c->text, (ls_csv_field){colon + 1, f.length - before - 1}, &value);
}

/* Does the record before the next one end with a separator? */
static bool ends_with_mark(const ls_csv *c, const char *from) {
  const char *end = c->next.at;
  while (end > from && (end[-1] == '\n' || end[-1] == '\r')) end--;
  return c->text.mark != ' ' && end > from && end[-1] == c->text.mark;
}

/* Does a field begin with a single quote that another field ends with? */
static bool is_torn(const ls_csv *c) {
  bool torn = false;
  for (int64_t k = 0; k < c->columns; k++) {
    const ls_csv_field f = c->field[k];
    torn = torn || (f.length > 0 && *f.text == '\'' && f.text[f.length - 1] != '\'');
  }
  return torn;
}

/* Of the line alone, where no other is odd. */
static const remedy *line_remedy(const ls_csv *c, int64_t fields) {
  if (fields > c->columns && is_torn(c)) return &single_quotes;
  if (c->text.mark == ' ' && c->head && fields > 1 && fields < c->columns) return &gap;
  return fields > c->columns && c->text.mark != ' ' ? &unquoted : &odd_line;
}

static const remedy *shape_remedy(const ls_csv *c, const ls_csv_cursor *at, int64_t fields) {
  ls_csv_cursor next = c->next;
  int64_t more;
  if (*at->at == '#' && !c->text.comment) return &comment;
  if (by_hash(c) == &hash_names) return &hash_names;
  if (c->head && fields == c->columns + 1 && ends_with_mark(c, at->at)) return &trailing;
  if (fields > 1 && c->columns > 1 && is_sparse(c, c->field[1])) return &sparse;
  const int64_t line = c->first.line + (c->head ? 0 : 1); /* the first that could be another */
  const remedy *known = by_first_line(c);
  if (known) return known;
  if (at->line != line || ls_csv_ended(&c->text, next.at)) return line_remedy(c, fields);
  if (ls_csv_record(&c->text, &next, NULL, 0, &more) != LS_OK || more != fields)
    return line_remedy(c, fields);
  if (c->head) return c->columns > 1 && fields == c->columns + 1 ? &row_names : &title;
  return &no_sample;
}

ls_status ls_csv_remedy_shape(const ls_csv *c, ls_status status, const ls_csv_cursor *at,
                              int64_t fields) {
  const remedy *known = shape_remedy(c, at, fields);
  return known == &odd_line ? propose_line(c, status, at->line) : propose(c, status, known);
}

/* ---- fields that are no numbers ---- */

/* Of what a column has in the first records, as far as they can be read, how many more begin with a
 * letter than are numbers. Takes the place of the record taken last. */
static int64_t more_words(const ls_csv *c, int64_t column) {
  ls_csv_cursor at = c->first;
  int64_t fields, more = 0;
  for (int k = 0; k < LOOKED_AT && !ls_csv_ended(&c->text, at.at); k++) {
    if (ls_csv_record(&c->text, &at, c->field, c->columns, &fields) != LS_OK) break;
    ls_csv_field f = c->field[column];
    if (fields != c->columns || ls_csv_missing(f, c->words, true)) continue;
    bool quoted = f.length > 1 && *f.text == '"';
    more += isalpha((unsigned char)f.text[quoted]) != 0 && !ls_csv_is_number(c, column);
    more -= ls_csv_is_number(c, column);
  }
  return more;
}

/* "0.12D-02", as Fortran writes double precision. */
static bool has_exponent_d(const ls_csv *c, ls_csv_field f) {
  char text[EXPONENT_SHOWN + 1];
  double value;
  if (f.length > EXPONENT_SHOWN) return false;
  snprintf(text, sizeof text, "%.*s", (int)f.length, f.text);
  char *d = strpbrk(text, "dD");
  if (d) *d = 'e';
  return d && ls_csv_number(&c->text, (ls_csv_field){text, f.length}, &value);
}

static bool is_input(const ls_csv *c, int64_t column) {
  bool input = false;
  for (int64_t i = 0; i < c->base.shape.features; i++) input = input || c->x[i] == column;
  return input;
}

/* "-", "*", "unknown": short, and without a digit; "#DIV/0!" and "-1.#IND"; "<0.5". */
static bool is_mark(ls_csv_field f) {
  bool digit = false;
  if (memchr(f.text, '#', f.length) || strchr("<>", *f.text)) return f.length <= MARK_SHOWN;
  for (size_t i = 0; i < f.length; i++) digit = digit || isdigit((unsigned char)f.text[i]);
  return !digit && f.length <= MARK_SHOWN && !memchr(f.text, '"', f.length);
}

/* Past digits, at least `least` and at most `most` of them; NULL: there are others. */
static const char *digits(const char *p, size_t least, size_t most) {
  const size_t n = strspn(p, "0123456789");
  return n >= least && n <= most ? p + n : NULL;
}

/* "1,234", "1.234.567,5", "1'234": digits in groups of three. */
static bool is_grouped(const char *p) {
  const char *next = digits(p + strspn(p, "+-"), 1, 3);
  const char mark = next ? *next : 0;
  int groups = 0;
  if (!mark || !strchr(",.' ", mark)) return false;
  for (p = next; *p == mark && (next = digits(p + 1, 3, 3)); p = next) groups++;
  if (*p && strchr(".,", *p) && *p != mark) p += 1 + strspn(p + 1, "0123456789");
  return groups > 0 && !*p;
}

/* "12 %", "$1,234.50", "1.234,5", "3 EUR" with the currency's sign: a number that is dressed up. */
static bool has_signs(const ls_csv *c, ls_csv_field f) {
  static const char *const signs[] = {"%", "$", "\u20ac", "\u00a3", "\u00a5", "\u00a0", "\u202f"};
  char text[EXPONENT_SHOWN + 1], *at;
  bool found = false;
  double value;
  if (f.length > EXPONENT_SHOWN) return false;
  snprintf(text, sizeof text, "%.*s", (int)f.length, f.text);
  for (size_t k = 0; k < sizeof signs / sizeof *signs; k++)
    for (; (at = strstr(text, signs[k])); found = true) {
      *at = ' ';
      memmove(at + 1, at + strlen(signs[k]), strlen(at + strlen(signs[k])) + 1);
    }
  const char *begin = text + strspn(text, " ");
  for (size_t n = strlen(begin); n > 0 && begin[n - 1] == ' '; n--) text[begin - text + n - 1] = 0;
  if (is_grouped(begin)) return true;
  if (!found) return false;
  if ((at = strchr(text, ','))) *at = '.';
  ls_csv_text plain = c->text;
  plain.decimal_comma = false;
  return ls_csv_number(&plain, (ls_csv_field){begin, strlen(begin)}, &value);
}

static bool is_name(const ls_csv *c, int64_t column) {
  const char *name = c->head ? c->head[column] : "";
  const ls_csv_field f = c->field[column];
  return *name && strlen(name) == f.length && memcmp(name, f.text, f.length) == 0;
}

/* The other decimal mark; categories where the column has words, or a mark of what is missing where
 * it has numbers; or to leave out a first line of units. Takes the record's place. */
static const remedy *number_remedy(const ls_csv *c, int64_t line, int64_t column) {
  const ls_csv_field f = c->field[column];
  ls_csv_text other = c->text;
  double value;
  other.decimal_comma = !other.decimal_comma;
  if (c->text.mark != ',' && ls_csv_number(&other, f, &value))
    return c->text.decimal_comma ? &decimal_comma : &decimal_point;
  if (c->text.mark == ',' && memchr(f.text, ';', f.length)) return &semicolons;
  if (has_signs(c, f)) return &dressed;
  if (ls_csv_number(&other, f, &value))
    return c->text.decimal_comma ? &decimal_comma : &decimal_point;
  if (is_single(f)) return &single_quotes;
  if (is_wide(f)) return &wide_quotes;
  if (ls_csv_excel_error(f.text)) return &no_value;
  if (*c->taken == '#' && !c->text.comment) return &comment;
  if (is_name(c, column)) return &header_again;
  if (is_sparse(c, f)) return &sparse;
  if (has_exponent_d(c, f)) return &exponent;
  const bool first = line == c->first.line, input = is_input(c, column);
  const remedy *known = first ? by_first_line(c) : NULL;
  if (known) return known;
  const bool any_number = ls_csv_count_numbers(c, NULL, c->columns) > 0;
  const int64_t more = more_words(c, column);
  if (more > 0 && c->by_config && !input) return &classes;
  if (more > 0 && c->by_config && c->value.count == 0) return &words;
  if (more == 0 && c->by_config && input) return &no_numbers;
  if (more < 0 && first && !any_number) return &units;
  return more < 0 && is_mark(f) ? &no_value : NULL;
}

/* What reads a mark of what is missing as such. */
static ls_status propose_missing(const ls_csv *c, ls_status status, ls_csv_field f, bool input) {
  char text[200];
  if (c->by == LS_CSV_BY_CHECKPOINT)
    return add(c, status, "if it means that the value is missing, write NA");
  snprintf(text, sizeof text,
           "if it means that the value is missing, data.missing: {text: ['%.*s'], %s: drop} leaves "
           "the sample out",
           (int)f.length, f.text, input ? "x" : "y");
  return add(c, status, text);
}

ls_status ls_csv_remedy_number(const ls_csv *c, ls_status status, int64_t line, int64_t column) {
  const ls_csv_field f = c->field[column];
  const remedy *what = number_remedy(c, line, column);
  c->field[column] = f;
  if (what == &classes && c->by == LS_CSV_BY_IMPORT)
    return ls_fail(status, "%s; --classes takes texts for names of classes", ls_error_text());
  if (what == &no_value) return propose_missing(c, status, f, is_input(c, column));
  return propose(c, status, what);
}
