/* A program of one MPI with a liblockstep of another in it: a trainer is refused, and the program
 * goes on; a network works as ever. */
#include <lockstep/lockstep.h>
#include <stdio.h>

int main(int argc, char **argv) {
  int level, ranks;
  lockstep_error error;
  lockstep_trainer *trainer;
  lockstep_net *net;
  const float x[3] = {1, 2, 3};
  float y[2];
  if (argc != 3) return 2;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
  lockstep_trainer_new(MPI_COMM_WORLD, argv[1], NULL, &trainer, &error);
  lockstep_trainer_free(trainer);
  printf("%d %s\n", error.status, error.text);
  lockstep_train(MPI_COMM_WORLD, argv[1], "run", 0, NULL, NULL, &error);
  printf("%d %s\n", error.status, error.text);
  if (lockstep_net_open(argv[2], &net, &error) || lockstep_net_apply_f32(net, 1, x, y, &error))
    printf("%d %s\n", error.status, error.text);
  lockstep_net_free(net);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  printf("net %.9g %.9g on %d\n", y[0], y[1], ranks);
  MPI_Finalize();
  return 0;
}
