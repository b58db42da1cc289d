/* Two threads update and read the same weights as the ranks of train.mode hogwild do; for
 * cli.hogwild, which builds it with -fsanitize=thread. */
#include "optim/relaxed.h"

#include <pthread.h>
#include <stdio.h>

enum { N = 1000, ROUNDS = 200 };
static float weights[N], gradient[N];

static void *rank(void *arg) {
  static _Thread_local float copy[N];
  (void)arg;
  for (int i = 0; i < ROUNDS; i++) {
    ls_relaxed_copy_f32(weights, copy, N);
    ls_relaxed_descend_f32(weights, gradient, N, 0.5, 0);
  }
  return NULL;
}

int main(void) {
  pthread_t other;
  int moved = 0;
  for (int i = 0; i < N; i++) gradient[i] = i < N / 2 ? 1 : 0; /* the rest is not to be touched */
  if (pthread_create(&other, NULL, rank, NULL)) return 2;
  rank(NULL);
  pthread_join(other, NULL);
  for (int i = 0; i < N; i++) moved += weights[i] != 0;
  printf("%d weights moved\n", moved);
  return moved == N / 2 ? 0 : 1;
}
