/* A process of our own that crashes, hangs, leaves or does its work: one status each, none left
 * behind. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/child.h"
#include "test.h"

static void crash(int socket, void *arg) { (void)socket, raise(*(int *)arg); }
static void hang(int socket, void *arg) {
  (void)socket, (void)arg;
  for (;;) pause();
}
static void leave(int socket, void *arg) { (void)socket, (void)arg; }
static void echo(int socket, void *arg) {
  static char block[1 << 20];
  (void)arg;
  while (ls_socket_receive(socket, block, sizeof block) &&
         ls_socket_send(socket, block, sizeof block))
    continue;
}

static void expect(void (*serve)(int, void *), void *arg, const char *text) {
  ls_child *child;
  char got[10];
  assert_int_equal(ls_child_start(serve, arg, 0.3, &child), LS_OK);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(ls_child_receive(child, "f.h5", got, sizeof got), LS_EDATA);
    if (!strstr(ls_error_text(), text)) fail_msg("\"%s\" is not in: %s", text, ls_error_text());
  }
  ls_child_stop(&child);
  assert_true(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void ends(void **state) {
  (void)state;
  expect(crash, &(int){SIGSEGV},
         "f.h5: damaged: the library that reads it crashed (Segmentation fault)");
  expect(crash, &(int){SIGKILL}, "crashed (Killed)");
  expect(hang, NULL, "f.h5: damaged: the library that reads it did nothing");
  expect(leave, NULL, "ended the process");
}

/* Signals to the whole job (Ctrl-C) are not the child's; blocks larger than any socket's buffer
 * pass. */
static void works(void **state) {
  (void)state;
  static char out[1 << 20], in[1 << 20];
  ls_child *child;
  for (size_t i = 0; i < sizeof out; i++) out[i] = (char)(i * 31);
  assert_int_equal(ls_child_start(echo, NULL, 20, &child), LS_OK);
  for (int round = 0; round < 3; round++) {
    memset(in, 0, sizeof in);
    assert_int_equal(ls_child_send(child, "f", out, sizeof out), LS_OK);
    assert_int_equal(ls_child_receive(child, "f", in, sizeof in), LS_OK);
    assert_memory_equal(in, out, sizeof in);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    signal(SIGTERM, SIG_DFL);
  }
  ls_child_stop(&child);
  assert_int_equal(ls_mem_live(), 0);
}

int main(void) {
  setpgid(0, 0);
  const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(works)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
