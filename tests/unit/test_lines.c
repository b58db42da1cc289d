/* Lines of a file, forwards and backwards, with blocks of every small size; and metrics files cut
 * back from their end. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/lines.h"
#include "test.h"
#include "train/events.h"

static int file_of(const char *text, size_t bytes) {
  char path[] = "/tmp/lockstep-lines-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0 && unlink(path) == 0);
  assert_int_equal(pwrite(fd, text, bytes, 0), bytes);
  return fd;
}

/* All lines, each with its offset, joined: "0:a|2:b|". */
static void collect(int fd, size_t block, bool back, char *out) {
  ls_lines *lines;
  ls_line line;
  *out = 0;
  assert_int_equal(ls_lines_new(fd, "test", block, &lines), LS_OK);
  for (;;) {
    assert_int_equal((back ? ls_lines_previous : ls_lines_next)(lines, &line), LS_OK);
    if (!line.text) break;
    out += sprintf(out, "%d:%.*s|", (int)line.offset, (int)line.bytes, line.text);
  }
  ls_lines_free(&lines);
}

static void every_block(void **state) {
  (void)state;
  static const char *const cases[][3] = {
      {"", "", ""},
      {"no end", "", ""},
      {"\n", "0:|", "0:|"},
      {"\n\nx\n", "0:|1:|2:x|", "2:x|1:|0:|"},
      {"a\nbc\n\ndefghij\nhalf", "0:a|2:bc|5:|6:defghij|", "6:defghij|5:|2:bc|0:a|"},
      {"one long line of more than a block\n", "0:one long line of more than a block|",
       "0:one long line of more than a block|"}};
  char out[400];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t block = 1; block < 50; block++) {
      int fd = file_of(cases[i][0], strlen(cases[i][0]));
      collect(fd, block, true, out);
      assert_string_equal(out, cases[i][2]);
      assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
      collect(fd, block, false, out);
      assert_string_equal(out, cases[i][1]);
      close(fd);
    }
}

static void no_line_without_end(void **state) {
  (void)state;
  ls_lines *lines;
  ls_line line;
  int fd = file_of("", 0);
  assert_int_equal(ftruncate(fd, 3L * LS_LINE_MAX), 0);
  for (int back = 0; back < 2; back++) {
    assert_int_equal(ls_lines_new(fd, "holes", 0, &lines), LS_OK);
    assert_int_equal((back ? ls_lines_previous : ls_lines_next)(lines, &line), LS_EDATA);
    assert_non_null(strstr(ls_error_text(), "'holes' has a line of more than"));
    ls_lines_free(&lines);
  }
  close(fd);
}

/* ---- metrics ---- */

static char dir[] = "/tmp/lockstep-metrics-XXXXXX";

static void put(const char *name, const char *text) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static char *get(const char *name) {
  static char text[4000];
  char path[200];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return text;
}

static void resume_at(int64_t step, bool csv) {
  ls_events *m;
  assert_int_equal(ls_events_open(dir, true, csv, step, "c.h5", &m), LS_OK);
  ls_events_close(&m);
}

#define START "{\"event\":\"start\",\"ranks\":1}\n"
#define AGAIN "{\"event\":\"start\",\"ranks\":3}\n"
#define RESUMED(n) "{\"event\":\"start\",\"resumed_from\":" #n "}\n"
#define STEP(n) "{\"event\":\"step\",\"global_step\":" #n "}\n"
#define EPOCH(n) "{\"event\":\"epoch\",\"epoch\":" #n ",\"global_step\":" #n "0,\"loss\":0.5}\n"
#define SAVED(n) "{\"event\":\"checkpoint\",\"global_step\":" #n ",\"file\":\"a\"}\n"
#define ADDED(n)                                  \
  "{\"event\":\"checkpoint\",\"global_step\":" #n \
  ",\"file\":\"c.h5\",\"stall_ms\":null,\"commit_ms\":null}\n"
#define END "{\"event\":\"end\",\"global_step\":20}\n"

static void cut_back(void **state) {
  (void)state;
  static const struct {
    const char *before;
    int64_t step;
    const char *after;
  } cases[] = {
      {START EPOCH(1) SAVED(10) EPOCH(2) SAVED(20) END, 20,
       START EPOCH(1) SAVED(10) EPOCH(2) SAVED(20)},
      {START EPOCH(1) SAVED(10) EPOCH(2) SAVED(20) END, 10, START EPOCH(1) SAVED(10)},
      {START STEP(9) EPOCH(1) STEP(11) SAVED(10) STEP(12) "{\"event\":\"st", 10,
       START STEP(9) EPOCH(1) SAVED(10)}, /* durable when the run was two steps further */
      {START EPOCH(1) STEP(11), 10, START EPOCH(1) ADDED(10)},
      {START EPOCH(1) SAVED(10) AGAIN STEP(11), 10, START EPOCH(1) SAVED(10) AGAIN},
      /* a second resume from the same step, and one from before another: what came of them is gone
       */
      {START EPOCH(1) SAVED(10) RESUMED(10) STEP(11), 10, START EPOCH(1) SAVED(10)},
      {START EPOCH(1) SAVED(10) RESUMED(10) EPOCH(2) SAVED(20) RESUMED(20) STEP(21), 10,
       START EPOCH(1) SAVED(10)},
      {START EPOCH(1) SAVED(10) RESUMED(10) EPOCH(2) SAVED(20) RESUMED(20) STEP(21), 20,
       START EPOCH(1) SAVED(10) RESUMED(10) EPOCH(2) SAVED(20)},
      /* a kill while the lines that stay were moved forward */
      {START EPOCH(1) SAVED(10) "ubbish\n" SAVED(10) STEP(11), 10, START EPOCH(1) SAVED(10)},
      {START "rubbish\n" STEP(3), 2, START ADDED(2)},
      {"", 5, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    put("metrics.jsonl", cases[i].before);
    resume_at(cases[i].step, false);
    assert_string_equal(get("metrics.jsonl"), cases[i].after);
  }
}

/* The table goes on where it is whole; where a row is missing, or all of it, it is made again. */
static void csv_too(void **state) {
  (void)state;
  static const char *const before[] = {"H1\n,10,x\n,20,y\n,30,z\n", "H1\n,10,x\n", "", "H1\n,1"};
  put("metrics.jsonl", START EPOCH(1) STEP(15) EPOCH(2) SAVED(20) STEP(21) EPOCH(3));
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    put("metrics.csv", before[i]);
    resume_at(20, true);
    const char *text = get("metrics.csv");
    if (i == 0)
      assert_string_equal(text, "H1\n,10,x\n,20,y\n");
    else
      assert_true(!strncmp(text, "epoch,global_step,", 18) && strstr(text, "\n1,10,0.5,") &&
                  strstr(text, "\n2,20,0.5,") && !strstr(text, "30"));
  }
  put("metrics.jsonl", "");
  put("metrics.csv", before[0]);
  resume_at(10, true);
  assert_string_equal(get("metrics.csv"), "H1\n,10,x\n");
}

static void neither_links_nor_pipes(void **state) {
  (void)state;
  ls_events *m;
  static const char *const name[] = {"metrics.jsonl", "metrics.csv"};
  char path[200], target[200];
  snprintf(target, sizeof target, "%s/target", dir);
  for (int i = 0; i < 6; i++) {
    put("target", "precious\n");
    snprintf(path, sizeof path, "%s/%s", dir, name[i % 2]);
    unlink(path);
    if (i < 2) assert_int_equal(symlink(target, path), 0);
    if (i >= 2 && i < 4) assert_int_equal(link(target, path), 0);
    if (i >= 4) assert_int_equal(mkfifo(path, 0666), 0);
    for (int64_t step = -1; step < 2; step += 2) {
      assert_int_equal(ls_events_open(dir, true, true, step, NULL, &m), LS_EIO);
      assert_non_null(strstr(ls_error_text(), name[i % 2]));
      ls_events_close(&m);
    }
    assert_string_equal(get("target"), "precious\n");
    unlink(path);
  }
}

static void nothing_is_kept(void **state) {
  (void)state;
  assert_int_equal(ls_mem_live(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_block),
      cmocka_unit_test(no_line_without_end),
      cmocka_unit_test(cut_back),
      cmocka_unit_test(csv_too),
      cmocka_unit_test(neither_links_nor_pipes),
      cmocka_unit_test(nothing_is_kept),
  };
  if (!mkdtemp(dir)) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
