/* The one printer: looks, tables, and values that are not for a terminal or not for JSON. */
#include <string.h>

#include "base/mem.h"
#include "cli/print.h"
#include "test.h"

static void looks_like(const char *value, const char *look, const char *wanted) {
  json_t *json = json_loads(value, 0, NULL);
  assert_non_null(json);
  char *text = ls_print_look(json, look);
  assert_string_equal(text, wanted);
  LS_FREE(text);
  json_decref(json);
}

static void test_places(void **state) {
  (void)state;
  looks_like("{\"n\":7,\"x\":0.125,\"t\":\"abc\",\"no\":null,\"b\":true}",
             "{n}|{n:4}|{n:-4}|{x:8.2f}|{x:.3g}|{x*1e3:.0f}|{t:5}|{t:-5}|{no:3}|{b}|{gone}",
             "7|   7|7   |    0.12|0.125|125|  abc|abc  |  -|yes|-");
  looks_like("{\"n\":1,\"m\":2,\"x\":17200.0}", "{n} layer{n:s}, {m} layer{m:s}, {x:k}",
             "1 layer, 2 layers, 17.2 k");
  looks_like("{\"a\":{\"b\":{\"c\":5}}}", "{a.b.c}", "5");
}

static void test_blocks(void **state) {
  (void)state;
  const char *list =
      "{\"u\":\"m\",\"l\":[{\"v\":1},{\"v\":2,\"u\":\"s\"}],\"e\":[],\"z\":0,\"f\":0.0}";
  looks_like(list, "{*l}{,}{#}:{v}{u}{/}",
             "0:1m, 1:2s"); /* what an item lacks is looked for outside */
  looks_like(list, "{?e}some{|}none{/}{?z}1{/}{?f}2{/}{?gone}3{/}", "none2");
  looks_like(list, "{?l}{?z}a{|}b{/}c{|}d{/}", "bc");
  looks_like("{\"o\":{\"x\":1,\"y\":2}}", "{*o}{,}{@}={.}{/}", "x=1, y=2");
}

/* As wide as the widest; numbers to the right; a column that says nothing is left out. */
static void test_tables(void **state) {
  (void)state;
  looks_like("{\"r\":[{\"n\":\"long name\",\"x\":1.5},{\"n\":\"b\",\"x\":10}]}",
             "above\nname\tx\tgone\tend\n{*r}{n}\t{x:g}\t-\t{n}\n{/}below\n",
             "above\nname         x  end\nlong name  1.5  long name\nb           10  b\nbelow\n");
}

/* Texts out of files steer no terminal. */
static void test_hostile(void **state) {
  (void)state;
  json_t *o = json_object();
  ls_put(o, "t", "a\033[2Jb\x7f\tc\n");
  char *text = ls_print_look(o, "{t}");
  assert_string_equal(text, "a?[2Jb??c\n");
  LS_FREE(text);
  json_decref(o);
}

static void test_put(void **state) {
  (void)state;
  json_t *o = json_object();
  ls_put(o, "i", 3);
  ls_put(o, "l", (int64_t)1 << 40);
  ls_put(o, "x", 0.5);
  ls_put(o, "inf", 1 / 0.0);
  ls_put(o, "t", "t");
  ls_put(o, "none", (const char *)NULL);
  ls_put_bool(o, "b", 1 == 1);
  ls_put(o, "list", ls_list_whole((int64_t[]){4, 5}, 2));
  char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
  assert_string_equal(
      line,
      "{\"i\":3,\"l\":1099511627776,\"x\":0.5,\"inf\":null,\"t\":\"t\",\"none\":null,"
      "\"b\":true,\"list\":[4,5]}");
  free(line);
  json_decref(o);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_blocks),
                                     cmocka_unit_test(test_tables), cmocka_unit_test(test_hostile),
                                     cmocka_unit_test(test_put)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
