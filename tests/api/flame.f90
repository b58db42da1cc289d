! net CKPT CONFIG: the outputs and derivatives of a network at three points, by the module lockstep, and training
! with it for one step, on all ranks; then all of CONFIG's training. Checked by test_embed.sh.
module ears
  implicit none
  integer :: heard = 0
contains
  subroutine hear(level, line)
    integer, intent(in) :: level
    character(len=*), intent(in) :: line
    if (level <= 2 .and. len(line) > 0) heard = heard + 1
  end subroutine
end module

program net
  use, intrinsic :: iso_fortran_env, only: real32, real64, int8, int64
  use ears
  use lockstep
  use mpi
  implicit none
  type(lockstep_net) :: flame, learnt
  type(lockstep_trainer) :: trainer
  type(lockstep_score) :: score
  type(lockstep_state) :: state
  character(len=500) :: message
  character(len=200) :: path
  character(len=*), parameter :: nl = new_line("a"), config = &
    "version: 1" // nl // "data: {type: memory, inputs: 2, targets: 1}" // nl // &
    "model: {layers: [{units: 5, activation: tanh}, {units: out}]}" // nl // "loss: mse" // nl // &
    "optimizer: {type: sgd, lr: 0.1}" // nl // "train: {steps: 9, batch: 6, slices: 3}" // nl
  real(real32) :: x(2, 3), y(1, 3), d(2, 1, 3)
  real(real64), allocatable :: xs(:, :), ys(:, :)
  integer(int64), allocatable :: number(:)
  integer(int8), allocatable :: bytes(:)
  integer(int64) :: first, rows, k
  integer :: status, level, rank, ranks, ignored, unit
  call get_command_argument(1, path)
  x = reshape([1.0, 0.5, 0.75, 0.25, 0.5, 0.125], [2, 3])
  call flame%open("not there.h5", status, message)
  if (status /= lockstep_edata .or. index(message, "not there.h5") == 0) error stop "an error is no error"
  call flame%open(path, status, message)
  if (status /= lockstep_ok) error stop "cannot open"
  if (flame%inputs() /= 2 .or. flame%outputs() /= 1 .or. flame%bits() /= 32) error stop "shape"
  call flame%apply(x(:1, :), y, status, message)
  if (status /= lockstep_eusage .or. index(message, "x (inputs, rows): the first extent is 1, not 2") == 0) error stop message
  call flame%apply(x, y(:, :2), status, message)
  if (status /= lockstep_eusage) error stop "two rows of three"
  call flame%jacobian(x, d(:1, :, :), status, message)
  if (status /= lockstep_eusage) error stop "one input of two"
  call learnt%apply(x, y, status, message)
  if (status /= lockstep_eusage .or. message /= "the network is NULL") error stop message
  open (newunit=unit, file=path, access="stream", form="unformatted", status="old")
  inquire (unit, size=level)
  allocate (bytes(level))
  read (unit) bytes
  call learnt%open(bytes, status, message)
  if (status /= lockstep_ok .or. learnt%weights_hash() /= flame%weights_hash() .or. learnt%has_classes()) error stop "bytes"
  if (learnt%input_unit(1) /= "" .or. learnt%output_unit(9) /= "") error stop "units"
  call learnt%free()
  call flame%apply(transpose(transpose(x)), y, status, message)
  call flame%jacobian(x, d, status, message)
  if (status /= lockstep_ok) error stop "cannot apply"

  call MPI_Init_thread(MPI_THREAD_FUNNELED, level, ignored)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ignored)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ignored)
  call trainer%new(MPI_COMM_WORLD, config, status, message)
  if (status /= lockstep_ok) error stop "no trainer"
  rows = trainer%share(trainer%batch(), first)
  allocate (xs(2, rows), ys(1, rows), number(rows))
  do k = 1, rows
    number(k) = first + k - 1
    xs(:, k) = [real(number(k), real64) / 8, 1 - real(number(k), real64) / 4]
  end do
  ys(1, :) = xs(1, :) - xs(2, :)
  call trainer%step(xs, ys, status, message, number=number)
  if (status /= lockstep_ok) error stop "no step"
  call trainer%step(xs, ys, status, message) ! numbered rank by rank
  call trainer%step(xs(:, :0), ys(:, :0), status, message)
  if (status /= lockstep_eusage) error stop "no samples are no error"
  call trainer%evaluate(xs, ys, score, status, message)
  if (status /= lockstep_ok .or. score%samples /= 6) error stop "no score"
  call trainer%state(state, status)
  call trainer%net(learnt, status, message)
  if (status /= lockstep_ok) error stop "no network"
  if (rank == 0) then
    print '(3(z8.8, 1x))', y
    print '(6(z8.8, 1x))', d
    print '(a, i0, 1x, a)', 'learnt ', state%global_step, trim(state%weights_hash)
  end if
  call learnt%free()
  call flame%free()
  call trainer%free()
  call get_command_argument(2, path)
  call lockstep_train(MPI_COMM_WORLD, path, "loop", status, message, threads=1, state=state, say=hear)
  if (status /= lockstep_ok) error stop message
  if (rank == 0) print '(a, i0, 1x, a)', 'loop ', state%epoch, trim(state%weights_hash)
  call lockstep_train(MPI_COMM_WORLD, path, "loop", status, message, resume=.false.)
  if (status /= lockstep_eio .or. index(message, "loop") == 0) error stop "a folder that is there"
  if (rank == 0 .and. heard == 0) error stop "no message was heard"
  call MPI_Finalize(ignored)
end program
