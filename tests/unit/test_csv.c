/* CSV as people write it: values exact, classes by name, every mistake located by file, line and
 * column. */
#include <locale.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "idx_files.h"
#include "io/gz.h"

static char train_path[256], test_path[256], csv_type[] = "csv";

static int up(void **state) {
  const int status = data_up(state);
  snprintf(train_path, sizeof train_path, "%s/train.csv", dir);
  snprintf(test_path, sizeof test_path, "%s/test.csv", dir);
  return status;
}

enum { LIST = 8 };
static char *x_list[LIST], *y_list[LIST];

static char **list(char **to, const char *words) {
  static char text[2][128];
  char *copy = text[to == y_list];
  int n = 0;
  snprintf(copy, 128, "%s", words);
  for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) to[n++] = word;
  to[n] = NULL;
  return n ? to : NULL;
}

static ls_data_spec csv_spec(const char *x, const char *y, bool header) {
  ls_data_spec spec = {.type = csv_type, .limit = {-1, -1, -1}};
  spec.source[0] = (ls_source_spec){
      .file = train_path, .x_cols = list(x_list, x), .y_cols = list(y_list, y), .header = header};
  return spec;
}

static void put(const char *name, const char *text) { put_file(dir, name, text, strlen(text)); }

static ls_data *opened(const ls_data_spec *spec, bool classes) {
  ls_data *data;
  if (ls_data_open(comm, spec, classes, LS_F64, &data) != LS_OK) fail_msg("%s", ls_error_text());
  return data;
}

static void check_row(const ls_data *data, ls_split split, int64_t row, int features,
                      const double *want, int outputs, const double *target) {
  double x[8], y[8];
  assert_int_equal(ls_data_features(data), features);
  assert_int_equal(ls_data_outputs(data), outputs);
  assert_int_equal(
      ls_data_gather(data, split, &row, 1, &(ls_batch){.x = x, .ldx = 8, .targets = y}), LS_OK);
  for (int i = 0; i < features; i++) assert_true(x[i] == want[i]);
  for (int i = 0; i < outputs; i++) assert_true(y[i] == target[i]);
}

/* Names, numbers from 1 and ranges; quotes with commas, quotes and lines inside; CRLF; blanks; a
 * byte order mark; gzip; blank lines at the end. */
static void values(void **state) {
  (void)state;
  static const char text[] =
      "\xef\xbb\xbf\"a, first\",b ,\"c \"\"q\"\"\",note,price\r\n"
      "1.5, -2e3,+.25,\"one, \"\"two\"\"\nthree\",7\r\n"
      "0.1,  3 ,\"4\",,\t1e-3 \r\n\r\n\n";
  for (int packed = 0; packed < 2; packed++) {
    if (packed)
      put_gz(dir, "train.csv", text, strlen(text), "wb");
    else
      put("train.csv", text);
    ls_data_spec spec = csv_spec("b 1 3-3", "price 2", true);
    ls_data *data = opened(&spec, false);
    check_row(data, LS_SPLIT_TRAIN, 0, 3, (double[]){-2000, 1.5, 0.25}, 2, (double[]){7, -2000});
    check_row(data, LS_SPLIT_TRAIN, 1, 3, (double[]){3, 0.1, 4}, 2, (double[]){1e-3, 3});
    assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), 2);
    ls_data_close(comm, &data);
  }
  put("train.csv", "1,2,3\n4,5,6");
  ls_data_spec spec = csv_spec("", "3", false);
  ls_data *data = opened(&spec, false);
  check_row(data, LS_SPLIT_TRAIN, 1, 2, (double[]){4, 5}, 1, (double[]){6});
  ls_data_close(comm, &data);
}

/* Sorted by name, whichever comes first; test must not know others. Numbers stay numbers. */
static void classes(void **state) {
  (void)state;
  put("train.csv", "x,kind\n1,setosa\n2,\"virginica\"\n3,versicolor\n4,setosa\n");
  put("test.csv", "x,kind\n9,virginica\n");
  ls_data_spec spec = csv_spec("x", "kind", true);
  spec.source[LS_SPLIT_TEST] = spec.source[0];
  spec.source[LS_SPLIT_TEST].file = test_path;
  ls_data *data = opened(&spec, true);
  int32_t label[4];
  double x[4];
  assert_int_equal(ls_data_outputs(data), 3);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){0, 1, 2, 3}, 4,
                                  &(ls_batch){.x = x, .ldx = 1, .labels = label}),
                   LS_OK);
  assert_memory_equal(label, ((int32_t[]){0, 2, 1, 0}), sizeof label);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TEST, (int64_t[]){0}, 1,
                                  &(ls_batch){.x = x, .ldx = 1, .labels = label}),
                   LS_OK);
  assert_int_equal(label[0], 2);
  ls_data_close(comm, &data);
  put("test.csv", "x,kind\n9,virginica\n8,tulip\n");
  assert_int_equal(ls_data_open(comm, &spec, true, LS_F64, &data), LS_EDATA);
  assert_non_null(strstr(ls_error_text(),
                         "test.csv:3: column 2 (kind): a class that the training data do not have: "
                         "'tulip'; they have"));
  spec.source[LS_SPLIT_TEST].file = NULL;
  put("train.csv", "x,kind\n1,oak\n2, elm \r\n3,oak\n4,ash"); /* no quotes: lines are records */
  data = opened(&spec, true);
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){0, 1, 2, 3}, 4,
                                  &(ls_batch){.x = x, .ldx = 1, .labels = label}),
                   LS_OK);
  assert_memory_equal(label, ((int32_t[]){2, 1, 2, 0}), sizeof label);
  ls_data_close(comm, &data);
  put("train.csv", "x,kind\n1,5\n2,0\n");
  data = opened(&spec, true);
  assert_int_equal(ls_data_outputs(data), 6);
  ls_data_close(comm, &data);
}

/* sim-*.csv: one source, in the order of names, class names over all of them. */
static void several_files(void **state) {
  (void)state;
  static char pattern[256];
  snprintf(pattern, sizeof pattern, "%s/sim-*.csv", dir);
  put("sim-2.csv", "x,y\n3,a\n");
  put("sim-10.csv", "x,y\n1,c\n2,b\n");
  ls_data_spec spec = csv_spec("x", "y", true);
  spec.source[0].file = pattern;
  ls_data *data = opened(&spec, true);
  double x[3];
  int32_t label[3];
  int files;
  assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, (int64_t[]){0, 1, 2}, 3,
                                  &(ls_batch){.x = x, .ldx = 1, .labels = label}),
                   LS_OK);
  assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3);
  assert_memory_equal(label, ((int32_t[]){2, 1, 0}), sizeof label);
  const ls_data_file *file = ls_data_files(data, &files);
  assert_true(files == 2 && file[0].samples == 2 && file[1].samples == 1 &&
              file[0].digest[0] == 'x' && file[1].digest[0] == 'x');
  ls_data_close(comm, &data);
  put("sim-2.csv", "x,y\n3,a\noops,a\n");
  assert_int_equal(ls_data_open(comm, &spec, true, LS_F64, &data), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "sim-2.csv:3: column 1 (x): not a number: 'oops'"));
  snprintf(pattern, sizeof pattern, "%s/none-*.csv", dir);
  assert_int_equal(ls_data_open(comm, &spec, true, LS_F64, &data), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "no file has such a name"));
}

static void mistakes(void **state) {
  (void)state;
  static const struct {
    const char *text, *x, *y;
    bool classes;
    const char *error;
  } bad[] = {
      {"", "1", "2", false, "train.csv: holds no samples: the file is empty"},
      {"\n\n", "1", "2", false, "the file is empty"},
      {"a,b\n", "a", "b", false, "train.csv: holds no samples: there is only a header"},
      {"a,b\n1,2\n3\n", "a", "b", false, "train.csv:3: 1 fields, but the header has 2"},
      {"a,b\n1,2\n3,4,5\n", "a", "b", false, "train.csv:3: 3 fields, but the header has 2"},
      {"a,b\n1,2\n\n3,4\n", "a", "b", false, "train.csv:3: an empty line between records"},
      {"a,b\n1,2\n,4\n", "a", "b", false, "train.csv:3: column 1 (a): missing (nan)"},
      {"a,b\n1,2\n3,NA\n", "a", "b", false, "train.csv:3: column 2 (b): missing (nan)"},
      {"a,b\n1,2\n3,-inf\n", "a", "b", false,
       "column 2 (b): not finite, or too large for the precision (-inf)"},
      {"a,b\n1,2\n1e999,3\n", "a", "b", false, "column 1 (a): not finite, or too large"},
      {"a,b\n1,2\n1.2.3,3\n", "a", "b", false, "train.csv:3: column 1 (a): not a number: '1.2.3'"},
      {"a,b\n1,2\n0x10,3\n", "a", "b", false, "not a number: '0x10'"},
      {"a,b\n1,2\n\"1,5\",3\n", "a", "b", false, "not a number: '1,5'"},
      {"a,b\n1,\"2\n3,4\n", "a", "b", false,
       "train.csv:2: the quote opened here (byte 3 of the line) is never closed"},
      {"a,b\n1,\"2\"3\n", "a", "b", false, "train.csv:2: text behind a closing quote"},
      {"a,b\n\"x\ny\",\"\n\"3\n", "a", "b", false, "train.csv:4: text behind a closing quote"},
      {"a,b\n1,2\n", "a", "c", false, "train.csv: no column 'c'; there are 2: 'a', 'b'"},
      {"a,b\n1,2\n", "a", "3", false, "no column '3'"},
      {"a,b\n1,2\n", "2-3", "a", false, "no column '2-3'"},
      {"a,b\n1,2\n", "0", "a", false, "no column '0'"},
      {"a,b\n1,2\n", "2-1", "a", false, "no column '2-1'"},
      {"a,a\n1,2\n", "a", "2", false, "2 columns are named 'a'"},
      {"a,b,c\n1,2,3\n1,2\n", "a", "b", true, "train.csv:3: 2 fields, but the header has 3"},
      {"a,b,c\n1,2,3\n1,2,3,4\n", "a", "c", true, "train.csv:3: 4 fields, but the header has 3"},
      {"a,b,c\n1,2,3\n", "c-b", "a", false, "'c-b': column 'b' comes before 'c'"},
      {"a,b,c\n1,2,3\n", "a-d", "b", false, "no column 'a-d'"},
      {"a,b\nNA,2\nred,3\n1,2\n\"blue\",1\n", "a", "b", false,
       "'red'; data.text_inputs: one_hot takes texts"},
      {"a,b\nm/s,K\n2,3\n1,2\n", "a", "b", false,
       "train.csv:2: column 1 (a): not a number: 'm/s'; if this line is no sample (units?), "
       "data.skip leaves it out"},
      {"a,b\n1,2\n1,red\n", "a", "b", false, "train.csv:3: column 2 (b): not a number: 'red'"},
      {"a b\n1\n", "a", "b", false, "'a b'; fields are separated by , here (data.separator)"},
      {"a;b\n1;2\n3\n", "a", "b", false, "train.csv:3: 1 fields, but the header has 2"},
      {"a b\n1 2\n \n3 4\n", "a", "b", false, "train.csv:3: an empty line between records"},
      {"a;b\n1,5;2\n", "a", "b", false,
       "not a number: '1,5'; if decimals have commas here: data.decimal: \",\""},
      {"a;b\n\"1\"5;2\n", "a", "b", false, "train.csv:2: text behind a closing quote"},
      {"a\n1\n", "", "a", false, "no column is left for the inputs"},
      {"a,b\n1,0\n2,1.5\n", "a", "b", true,
       "train.csv:3: column 2 (b): not a class number: 0, 1, 2 ... are, and texts are names of "
       "classes; other numbers are targets of a regression, loss: mse (it is 1.5)"},
      {"a,b\n1,0\n2,-1\n", "a", "b", true, "train.csv:3: column 2 (b): not a class number"},
      {"a,b\n1,0\n2,\n", "a", "b", true,
       "train.csv:3: column 2 (b): no class: it is missing (nan); data.missing.y: drop leaves such "
       "samples out"},
      {"a,b\n1,ash\n2,N/A\n", "a", "b", true, "train.csv:3: column 2 (b): no class: it is missing"},
      {"a,b\n1,ash\n2,\"?\"\n", "a", "b", true,
       "train.csv:3: column 2 (b): no class: it is missing"},
      {"a,b\n1,0\n2,4000000\n", "a", "b", true, "class number too large"},
      {"a,b,c\n1,0,0\n", "a", "b c", true,
       "train.csv:2: column 2 (b): several columns of y are classes as rows of one 1 and zeros"},
      {"a,b\n1,ash\n2,b\xe4r\n", "a", "b", true,
       "train.csv: a class of column 2 is not UTF-8 text: 'b' and then byte 0xe4"},
      {"\xff\xfe"
       "a",
       "a", "b", false, "UTF-16"},
      {"a,b\n1,2\n", "-1", "a", false, "numbers count from 1 to 2, and a range is written 1-3"},
      {"a,b,c\n1,2,3\n", "1:2", "c", false, "no column '1:2'; there are 3: 'a', 'b', 'c'; numbers"},
      {"1,2\n3,4\n", "a", "b", false, "numbers for names: if it is a sample, header: false"},
      {"Made in May,,\na,b,c\n1,2,3\n", "a", "b", false, "if the first line is no header but a"},
      {"Made,,\nin May,,\na,b,c\n1,2,3\n4,5,6\n", "a", "b", false,
       "train.csv:1: there are no names of columns; the table begins on line 3"},
      {"a,b\n1,2\n3,4,5\n6,7\n8,9\n", "a", "b", false, "3 fields, but the header has 2"},
      {"a;b, c;d\n1;2;3\n4;5;6\n", "1", "2", false,
       "1 fields, but the header has 2; the lines agree"},
      {"\"a\" \"b\"\n\"1\" 1 2\n\"2\" 3 4\n", "1", "2", false,
       "3 fields, but the header has 2; if the first column has no name since it names the rows"},
      {"# a b\n1 2\n", "a", "b", false, "begins with #: take that mark out"},
      {"#a\n# b\na,b\n1,2\n", "a", "b", false, "data.comment"},
      {"a,b,c\nr1,1,2,3\n", "a", "d", false, "since it names the rows (R)"},
      {"a,b\n1,2,\n3,4,\n", "a", "b", false, "lines that end with a separator have an empty"},
      {"\n\na,b\n1,2\n", "1", "1", false, "the table begins on line 3: take what"},
      {"\na,b\n1,2\n", "1", "1", false, "the first line is empty: take it out"},
      {"a,b\n1,2\na,b\n3,4\n", "a", "b", false,
       "train.csv:3: column 1 (a): not a number: 'a'; this "
       "is the header once more"},
      {"a b\n1 1:0.5\n", "b", "a", false, "INDEX:VALUE as LIBSVM writes it is not read"},
      {"a,b\n1,8:30\n", "b", "a", false, "this column has no numbers (dates?)"},
      {"a,b\n1,2\n<5,2\n", "a", "b", false, "data.missing: {text: ['<5'], x: drop}"},
      {"'a','b'\n'1','2'\n", "b", "a", false,
       "no column 'a'; there are 2: ''a'', ''b''; quotes are double ones: sed"},
      {"a,b\n'1',2\n", "a", "b", false, "not a number: ''1''; quotes are double ones: sed"},
      {"a^b\n1^2\n", "b", "a", false, "(data.separator); if '^' separates: tr '^' ',' </tmp/"},
      {"a::b\n1::2\n", "b", "a", false, "if ':' separates: tr -s ':' ','"},
      {"a\1b\n1\0012\n", "b", "a", false, "if '\\001' separates: tr '\\001' ','"},
      {"a^b\n1^2^3\n", "b", "a", false,
       "there are 1: 'a^b'; fields are separated by , here (data."},
      {"-1 2 3\t\"x y\"\n4 5 6\t\"z\"\n", "1-3", "4", false,
       "there are 2; numbers count from 1 to 2, and a range is written 1-3; the lines agree where "
       "\"blanks\" separates: data.separator: \"blanks\""},
      {"-1 2\tx\n4 5 6\tz\n", "1-3", "4", false, "from 1 to 2, and a range is written 1-3"},
      {"a,b\n1,2\n3,4,5\n6,7\n", "a", "b", false,
       "a text with a separator in it belongs in quotes"},
      {"a,b,c\n1,2,3\n4,5,6\nFrom UCI\n", "a", "b", false,
       "train.csv:4: 1 fields, but the header has 3; if it is no sample, take it out (sed -i 4d"},
      {"a,b\n1,2\n\n3,4\n", "a", "b", false, "train.csv takes such out"},
      {"\x89\1\2\n", "a", "b", false, "train.csv:1: a control character (byte 1): no text file"},
      {"-1 1:0.5 2:1\n1 2:3\n", "2", "1", false, "INDEX:VALUE as LIBSVM"},
      {"a,b\n1,2\n#N/A,4\n", "a", "b", false, "data.missing: {text: ['#N/A'], x: drop}"},
      {"a,b\n1,2\n-1.#IND,4\n", "a", "b", false, "data.missing: {text: ['-1.#IND'], x: drop}"},
      {"a,b\n\"1,234\",2\n", "a", "b", false,
       "take signs of thousands, per cent and currencies out"},
      {"a;b\n1.234,5;2\n", "a", "b", false, "take signs of thousands"},
      {"a;b\n1 234 567;2\n", "a", "b", false, "take signs of thousands"},
      {"a,b\n12 %,2\n", "a", "b", false, "take signs of thousands"},
      {"a;b\n1,50 \u20ac;2\n", "a", "b", false, "take signs of thousands"},
      {"a,b\n$1.5,2\n", "a", "b", false, "take signs of thousands"},
      {"a;b\n1\u00a0234;2\n", "a", "b", false, "take signs of thousands"},
      {"a, \"b\"\n1, 2\n", "a", "b", false,
       "part of the text: take the blanks out (sed -i 's/\\([,;]\\) *\"/\\1\"/g' /tmp/"},
      {"a b c\n1 2 3\n1   3\n4 5 6\n", "a", "b", false, "pandas.read_fwf(\"/tmp/"},
      {"a,b\n1,1\n2,-1\n", "a", "b", true, "classes -1 and 1 become such by (y + 1) / 2"},
      {"a,b\n2020-01-02,2\n", "a", "b", false, "this column has no numbers (dates?)"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put("train.csv", bad[i].text);
    ls_data_spec spec = csv_spec(bad[i].x, bad[i].y, *bad[i].text != '-');
    ls_data *data;
    assert_int_equal(ls_data_open(comm, &spec, bad[i].classes, LS_F64, &data), LS_EDATA);
    if (!strstr(ls_error_text(), bad[i].error))
      fail_msg("%zu: \"%s\" is not in: %s", i, bad[i].error, ls_error_text());
  }
  static const char *const plain[] = {"a,b\n1,2\n2,3\n7oops,2\n", "a,b\n1,2\n3,4\n5!,2\n"};
  for (size_t i = 0; i < sizeof plain / sizeof *plain;
       i++) { /* no hint is better than a wrong one */
    put("train.csv", plain[i]);
    ls_data_spec spec = csv_spec("a", "b", true);
    ls_data *data;
    assert_int_equal(ls_data_open(comm, &spec, false, LS_F64, &data), LS_EDATA);
    assert_null(strchr(ls_error_text(), ';'));
  }
  put_file(dir, "train.csv", "a,b\n1,2\n3,\0004\n", 14);
  ls_data_spec spec = csv_spec("a", "b", true);
  ls_data *data;
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F64, &data), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "train.csv:3: a NUL byte (byte 10)"));
  assert_int_equal(ls_data_open(comm, &spec, false, LS_F32, &data), LS_EDATA);
}

/* Whatever stands between fields, ends lines and marks decimals, told or found. */
static void dialects(void **state) {
  (void)state;
  static const struct {
    const char *text;
    ls_csv_spec csv;
    ls_separator found;
  } good[] = {
      {"a,b;c,y\n1.5,x;y,-2\n.25,,4e1\n", {0}, LS_SEPARATOR_COMMA},
      {"\"a,\";b;y\n1.5;x,y;-2\n.25;;4e1", {0}, LS_SEPARATOR_SEMICOLON},
      {"a\tb c\ty\n1.5\t\t-2\n .25\tx y\t4e1\n", {0}, LS_SEPARATOR_TAB},
      {"a|b|y\r\n1.5|x|-2\r\n.25||4e1\r\n", {0}, LS_SEPARATOR_BAR},
      {" a  b\t y \n1.5 x   -2\n\t.25 \"x y\" 4e1 \n  \n",
       {.separator = LS_SEPARATOR_BLANKS},
       LS_SEPARATOR_BLANKS},
      {" a  b y \n1.5 x   -2\n\t.25\t\"x y\" 4e1 \n  \n", {0}, LS_SEPARATOR_BLANKS},
      {"a,b,y\r1.5,x,-2\r.25,,4e1\r\r", {0}, LS_SEPARATOR_COMMA},
      {"a;b;y\n1,5;\"x;\n\";-2\n,25;;4e1\n", {.decimal_comma = true}, LS_SEPARATOR_SEMICOLON},
      {"1,5;x;-2\n,25;;4e1\n", {.decimal_comma = true}, LS_SEPARATOR_SEMICOLON},
      {"a,|b|y\n1.5|x|-2\n.25||4e1\n", {.separator = LS_SEPARATOR_BAR}, LS_SEPARATOR_BAR},
      {"a;b;y\n1.5;x;-2\n.25;;4e1\n",
       {.separator = LS_SEPARATOR_BAR, .likely = true},
       LS_SEPARATOR_SEMICOLON},
      {"# a;b\n#\na,b,y# y\n1.5,\"#\",-2\n  # 3,4,5\n.25,x,4e1 #\n# end",
       {.comment = true},
       LS_SEPARATOR_COMMA},
      {"#\na;b;y\n1.5;x;-2\n#\n.25;x;4e1\n#", {.comment = true}, LS_SEPARATOR_SEMICOLON},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    put("train.csv", good[i].text);
    ls_data_spec spec = csv_spec("1", "3", !strchr("1", *good[i].text));
    spec.csv = good[i].csv;
    ls_data *data = opened(&spec, false);
    assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), 2);
    assert_int_equal(ls_data_separator(data), good[i].found);
    check_row(data, LS_SPLIT_TRAIN, 0, 1, (double[]){1.5}, 1, (double[]){-2});
    check_row(data, LS_SPLIT_TRAIN, 1, 1, (double[]){.25}, 1, (double[]){40});
    ls_data_close(comm, &data);
  }
}

/* Which columns are inputs: all others, ranges of names in the header's order, texts. */
static void inputs(void **state) {
  (void)state;
  static const struct {
    const char *text, *x, *y, *weights;
    int features;
    double want[6]; /* of the second sample */
  } good[] = {
      {"a,b,c,d\n1,2,3,4\n5,6,7,8\n", "rest", "b", NULL, 3, {5, 7, 8}},
      {"a,b,c,d\n1,2,3,4\n5,6,7,8\n", "rest", "a", "c", 2, {6, 8}},
      {"a,rest,c,d\n1,2,3,4\n5,6,7,8\n", "rest", "a", NULL, 1, {6}},
      {"a,b,c,d\n1,2,3,4\n5,6,7,8\n", "b-d", "a", NULL, 3, {6, 7, 8}},
      {"a,b,a-d,c,d\n1,2,3,4,0\n5,6,7,8,0\n", "a-d", "c", NULL, 1, {7}},
      {"a-1,b,c-2,d\n1,2,3,4\n5,6,7,8\n", "a-1-c-2", "d", NULL, 3, {5, 6, 7}},
      {"0,1,2,y\n1,2,3,4\n5,6,7,8\n", "0-2", "y", NULL, 3, {5, 6, 7}},
      {"\"a\",\"b, 1\",c,y\n1,2,3,4\n5,6,7,8\n", "a-c", "y", NULL, 3, {5, 6, 7}},
      {"a,b,c,y\ntrue,True,TRUE,0\nfalse,False, TRUE ,8\n", "a-c", "y", NULL, 3, {0, 0, 1}},
      {"a,b,c,y\n1,red,x,0\n2,\"blue\",x,8\n,red,x,1\n", "1-3", "y", NULL, 4, {2, 1, 0, 1}},
      {"a,b,y\n1,3rd,0\n2,4,8\n3,True,1\n", "b a", "y", NULL, 4, {0, 1, 0, 2}},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    put("train.csv", good[i].text);
    ls_data_spec spec = csv_spec(good[i].x, good[i].y, true);
    spec.weights = (char *)good[i].weights;
    spec.csv.one_hot = true;
    spec.missing = (ls_missing_spec){.x_how = LS_MISSING_FILL};
    ls_data *data = opened(&spec, false);
    int64_t row = 1;
    double x[8];
    assert_int_equal(ls_data_features(data), good[i].features);
    assert_int_equal(ls_data_gather(data, LS_SPLIT_TRAIN, &row, 1, &(ls_batch){.x = x, .ldx = 8}),
                     LS_OK);
    for (int k = 0; k < good[i].features; k++)
      if (x[k] != good[i].want[k]) fail_msg("%zu: input %d is %g", i, k, x[k]);
    ls_data_close(comm, &data);
  }
}

/* Lines that the quick way takes and lines that it leaves to the rules, in any mixture: what is
 * written is what is read. */
static void both_ways(void **state) {
  (void)state;
  enum { LINES = 3000, COLUMNS = 5 };
  static const char *const form[] = {"%.0f",     "%.3f",  "%.7g",    "%.17g", "%+.4e",
                                     "\"%.5g\"", " %.6g", "%.2f \t", "%.19f"};
  static char text[LINES * 200];
  static double want[LINES][COLUMNS];
  uint64_t s = test_seed(), seed = s;
  size_t at = (size_t)sprintf(text, "a,b,c,d,e,skipped\n");
  for (int r = 0; r < LINES; r++) {
    for (int k = 0; k < COLUMNS; k++) {
      s = s * UINT64_C(6364136223846793005) + 1442695040888963407;
      int how = s >> 60 ? (int)(s >> 40) % 3 : (int)(s >> 40) % 9;
      char number[64];
      snprintf(number, sizeof number, form[how], (double)(int64_t)s * 0x1p-63 * (k ? 1000 : 1e9));
      want[r][k] = strtod(number + strspn(number, " \""), NULL);
      at += (size_t)sprintf(text + at, "%s,", number);
    }
    at += (size_t)sprintf(text + at, "%s", s >> 61 ? "any thing" : "\"a, b\nc\"");
    if (r < LINES - 1 || s & 1 << 20)
      at += (size_t)sprintf(text + at, "%s", s & 1 << 21 ? "\r\n" : "\n");
  }
  put("train.csv", text);
  ls_data_spec spec = csv_spec("a c e", "b d", true);
  ls_data *data;
  if (ls_data_open(comm, &spec, false, LS_F64, &data) != LS_OK)
    fail_msg("seed %llu: %s", (unsigned long long)seed, ls_error_text());
  assert_int_equal(ls_data_rows(data, LS_SPLIT_TRAIN), LINES);
  for (int64_t r = 0; r < LINES; r++) {
    double x[3], y[2];
    assert_int_equal(
        ls_data_gather(data, LS_SPLIT_TRAIN, &r, 1, &(ls_batch){.x = x, .ldx = 3, .targets = y}),
        LS_OK);
    double got[COLUMNS] = {x[0], y[0], x[1], y[1], x[2]};
    for (int k = 0; k < COLUMNS; k++)
      if (memcmp(&got[k], &want[r][k], sizeof(double)) != 0)
        fail_msg("seed %llu: line %lld, column %d: %a, not %a", (unsigned long long)seed,
                 (long long)r, k, got[k], want[r][k]);
  }
  ls_data_close(comm, &data);
}

/* The same bits as strtod for numbers of every length, and in a locale that writes 1,5. */
static void numbers(void **state) {
  (void)state;
  uint64_t s = test_seed(), seed = s;
  int taken = 0;
  setlocale(LC_NUMERIC, "C");
  for (int i = 0; i < 200000; i++) {
    char text[64];
    double value, want, random;
    s = s * UINT64_C(6364136223846793005) + 1442695040888963407;
    memcpy(&random, &s, sizeof random);
    if (!isfinite(random)) continue;
    if (i & 1) random = (double)(int64_t)s * 0x1p-63 * 1000;
    snprintf(text, sizeof text, "%.*g", 1 + (int)(s >> 32) % 19, random);
    want = strtod(text, NULL);
    if (!ls_decimal(text, strlen(text), &value) || memcmp(&value, &want, sizeof want) != 0)
      fail_msg("seed %llu: %s gives %a, not %a", (unsigned long long)seed, text, value, want);
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, i % 3 ? ",7e5" : "\n");
    const char *end = ls_decimal_short(text, &value);
    if (end && (end != text + length || memcmp(&value, &want, sizeof want) != 0))
      fail_msg("seed %llu: %s gives %a of %td characters, not %a", (unsigned long long)seed, text,
               value, end - text, want);
    taken += end != NULL;
  }
  assert_true(taken > 30000);
  static const char *const wrong[] = {"",      "+",    ".",   "e5",  "1e",  "1e+",
                                      "0x1p3", "1..2", "1 2", "--1", "nan", "1e5.0"};
  double value;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(ls_decimal(wrong[i], strlen(wrong[i]), &value));
  assert_true(ls_decimal("1e999999999999999999", 20, &value) && value == INFINITY);
  assert_true(ls_decimal("0e999999999999999999", 20, &value) && value == 0);
  char ones[401];
  memset(ones, '1', 400);
  assert_true(ls_decimal(ones, 300, &value) && value == strtod("1.11111111111111111111e299", NULL));
}

/* A file that is cut, or grows, while it is read is none that ends there. */
static void changes_while_read(void **state) {
  (void)state;
  char name[300], *text = calloc(1, 300001), *data = NULL;
  snprintf(name, sizeof name, "%s/train.csv", dir);
  memset(text, '7', 300000);
  for (int64_t size = 200000; size <= 400000; size += 100000) {
    ls_gz *gz;
    size_t bytes;
    put("train.csv", text);
    assert_int_equal(ls_gz_open(name, &gz), LS_OK);
    assert_int_equal(truncate(name, size), 0);
    ls_status status = ls_gz_read_all(gz, &data, &bytes);
    assert_int_equal(status, size == 300000 ? LS_OK : LS_EDATA);
    if (status != LS_OK)
      assert_non_null(strstr(ls_error_text(), "train.csv: has changed while it was read"));
    ls_gz_close(&gz);
    LS_FREE(data);
  }
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values),   cmocka_unit_test(classes),   cmocka_unit_test(several_files),
      cmocka_unit_test(mistakes), cmocka_unit_test(dialects),  cmocka_unit_test(inputs),
      cmocka_unit_test(numbers),  cmocka_unit_test(both_ways), cmocka_unit_test(changes_while_read),
  };
  return cmocka_run_group_tests(tests, up, data_down);
}
