/* A process of our own that crashes, hangs, leaves or does its work: one status each, none left
 * behind. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/child.h"
#include "test.h"

static void crash(int socket) { (void)socket, raise(SIGSEGV); }
static void die(int socket) { (void)socket, raise(SIGKILL); }
static void hang(int socket) {
  (void)socket;
  for (;;) pause();
}
static void starve(int socket) { (void)socket, ls_mem_must(SIZE_MAX / 4); }
static void leave(int socket) { (void)socket; }
static void echo(int socket) {
  static char block[1 << 20];
  while (ls_socket_receive(socket, block, sizeof block) &&
         ls_socket_send(socket, block, sizeof block))
    continue;
}

/* The signal that its parent's end would send it, whether its parent is this process, how many
 * descriptors it has besides the standard ones and that of this question, and a text. */
typedef struct {
  int signal, parent, descriptors;
} facts;

static void tell(int socket) {
  facts f = {0, (int)getppid(), 0};
  char *text;
  prctl(PR_GET_PDEATHSIG, &f.signal);
  for (int fd = 3; fd < 1000; fd++)
    if (fd != socket && fcntl(fd, F_GETFD) >= 0) f.descriptors++;
  if (ls_socket_text(socket, &text) && !text && ls_socket_text(socket, &text) &&
      strcmp(text, "a text") == 0)
    ls_socket_send(socket, &f, sizeof f);
}

static const ls_child_job crash_job = {"crash", crash}, die_job = {"die", die},
                          starve_job = {"starve", starve}, hang_job = {"hang", hang},
                          leave_job = {"leave", leave}, echo_job = {"echo", echo},
                          tell_job = {"tell", tell}, unknown_job = {"unknown", tell};
static const ls_child_job *const jobs[] = {&crash_job, &die_job,  &starve_job, &hang_job,
                                           &leave_job, &echo_job, &tell_job,   NULL};

static void expect(const ls_child_job *job, ls_status status, const char *text) {
  ls_child *child;
  char got[10];
  /* Only what hangs is waited for in vain: the others may take their time on a loaded machine. */
  assert_int_equal(ls_child_start(job, job == &hang_job ? 0.3 : 20, &child), LS_OK);
  for (int again = 0; again < 2; again++) {
    assert_int_equal(ls_child_receive(child, "f.h5", got, sizeof got), status);
    if (!strstr(ls_error_text(), text)) fail_msg("\"%s\" is not in: %s", text, ls_error_text());
  }
  ls_child_stop(&child);
  assert_true(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void ends(void **state) {
  (void)state;
  expect(&crash_job, LS_EDATA,
         "f.h5: damaged: the library that reads it crashed (Segmentation fault)");
  /* Nothing of the file: the kernel kills what it has no memory for. */
  expect(&die_job, LS_FAIL, "f.h5: the process that reads it was killed; out of memory?");
  expect(&starve_job, LS_FAIL, "f.h5: out of memory in the process that reads it");
  expect(&hang_job, LS_EDATA, "f.h5: damaged: the library that reads it did nothing");
  expect(&leave_job, LS_EDATA, "ended the process");
}

/* Signals to the whole job (Ctrl-C) are not the child's; blocks larger than any socket's buffer
 * pass. */
static void works(void **state) {
  (void)state;
  static char out[1 << 20], in[1 << 20];
  ls_child *child;
  for (size_t i = 0; i < sizeof out; i++) out[i] = (char)(i * 31);
  assert_int_equal(ls_child_start(&echo_job, 20, &child), LS_OK);
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

/* It dies with its parent and has nothing of it: no descriptor, also none that some library has
 * left open on exec. */
static void is_alone(void **state) {
  (void)state;
  int careless[] = {dup(0), dup(1), fcntl(0, F_DUPFD, 200)};
  ls_child *child;
  facts f = {0};
  assert_int_equal(ls_child_start(&tell_job, 20, &child), LS_OK);
  assert_int_equal(ls_child_send_text(child, "f", NULL), LS_OK);
  assert_int_equal(ls_child_send_text(child, "f", "a text"), LS_OK);
  assert_int_equal(ls_child_receive(child, "f", &f, sizeof f), LS_OK);
  assert_int_equal(f.signal, SIGKILL);
  assert_int_equal(f.parent, getpid());
  assert_int_equal(f.descriptors, 0);
  ls_child_stop(&child);
  for (int i = 0; i < 3; i++) close(careless[i]);
}

/* A child that hangs does not take what it is sent: whoever sends it does not hang with it. */
static void sending_ends(void **state) {
  (void)state;
  static char block[4 << 20];
  ls_child *child;
  assert_int_equal(ls_child_start(&hang_job, 0.3, &child), LS_OK);
  assert_int_equal(ls_child_send(child, "f", block, sizeof block), LS_EDATA);
  assert_non_null(strstr(ls_error_text(), "did nothing"));
  assert_int_equal(ls_child_how(child), -1);
  ls_child_stop(&child);
}

/* No process of our own is no fault of the file's. */
static void cannot_start(void **state) {
  (void)state;
  ls_child *child;
  assert_int_equal(ls_child_start(&unknown_job, 20, &child), LS_FAIL);
  assert_null(child);
  assert_non_null(strstr(ls_error_text(), "cannot start a process of our own"));
}

int main(int argc, char **argv) {
  ls_child_main(argc, argv, jobs);
  setpgid(0, 0);
  const struct CMUnitTest tests[] = {cmocka_unit_test(ends), cmocka_unit_test(works),
                                     cmocka_unit_test(is_alone), cmocka_unit_test(sending_ends),
                                     cmocka_unit_test(cannot_start)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
