! samples.c in Fortran, by the module lockstep: the same arguments, the same lines, the same weights.
module ears
  implicit none
  integer :: said = 0
contains
  subroutine on_message(level, line)
    integer, intent(in) :: level
    character(len=*), intent(in) :: line
    if (level >= 0 .and. len(line) > 0) said = said + 1
  end subroutine
end module

program samples
  use, intrinsic :: iso_fortran_env, only: real64, int64
  use ears
  use lockstep
  use mpi
  implicit none
  type(lockstep_trainer) :: trainer
  type(lockstep_state) :: state
  integer :: rank, ranks, level, ignored, status, inputs, targets
  character(len=4096) :: message, config
  character(len=:), allocatable :: resume, metrics
  real(real64), allocatable :: sample(:, :), x_shift(:), x_divisor(:), y_shift(:), y_divisor(:), x_mean(:)
  integer(int64), allocatable :: counts(:)

  call MPI_Init_thread(MPI_THREAD_FUNNELED, level, ignored)
  call MPI_Comm_rank(MPI_COMM_WORLD, rank, ignored)
  call MPI_Comm_size(MPI_COMM_WORLD, ranks, ignored)
  config = argument(3)
  read (config, *) inputs
  config = argument(4)
  read (config, *) targets
  call read_samples(argument(2))
  call read_words()
  config = argument(1)
  ! What is not allocated is not given.
  call trainer%new(MPI_COMM_WORLD, config, status, message, resume, x_shift, x_divisor, y_shift, y_divisor, &
                   x_mean=x_mean, class_counts=counts, say=on_message)
  if (status == lockstep_ok) call train()
  if (rank == 0 .and. status /= lockstep_ok) print '(i0, 1x, a)', status, trim(message)
  call trainer%free()
  call MPI_Finalize(ignored)

contains

  function argument(i) result(text)
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    integer :: n
    call get_command_argument(i, length=n)
    allocate (character(len=n) :: text)
    call get_command_argument(i, text)
  end function

  subroutine read_samples(path)
    character(len=*), intent(in) :: path
    integer :: unit, bytes
    open (newunit=unit, file=path, access="stream", form="unformatted", status="old")
    inquire (unit, size=bytes)
    allocate (sample(inputs + targets + 1, bytes / 8 / (inputs + targets + 1)))
    read (unit) sample
    close (unit)
  end subroutine

  function numbers(text) result(list)
    character(len=*), intent(in) :: text
    real(real64), allocatable :: list(:)
    integer :: i
    allocate (list(1 + count([(text(i:i) == ",", i=1, len(text))])))
    read (text, *) list
  end function

  subroutine read_words()
    character(len=:), allocatable :: word, value
    integer :: i
    do i = 6, command_argument_count()
      word = argument(i)
      value = word(index(word, "=") + 1:)
      select case (word(:index(word, "=") - 1))
      case ("resume"); resume = value
      case ("metrics"); metrics = value // ","
      case ("x_shift"); x_shift = numbers(value)
      case ("x_divisor"); x_divisor = numbers(value)
      case ("y_shift"); y_shift = numbers(value)
      case ("y_divisor"); y_divisor = numbers(value)
      case ("x_mean"); x_mean = numbers(value)
      case ("class_counts"); counts = nint(numbers(value), int64)
      end select
    end do
  end subroutine

  function numbers_of(total) result(number)
    integer(int64), intent(in) :: total
    integer(int64), allocatable :: number(:)
    integer(int64) :: k
    number = pack([(k, k=total - 1, 0, -1)], [(mod(k * 7 + k / 3, int(ranks, int64)) == rank, k=total - 1, 0, -1)])
  end function

  subroutine tell_metrics()
    type(lockstep_score) :: score
    integer(int64), allocatable :: number(:)
    real(real64) :: value
    integer :: comma
    number = numbers_of(size(sample, 2, int64))
    call trainer%evaluate(sample(:inputs, number + 1), sample(inputs + 1:inputs + targets, number + 1), score, &
                          status, message, number=number)
    do while (len(metrics) > 0 .and. status == lockstep_ok)
      comma = index(metrics, ",")
      call trainer%metric(metrics(:comma - 1), value, status, message)
      if (rank == 0 .and. status == lockstep_ok) print '(a, es26.16e3)', "metric " // metrics(:comma - 1) // " ", value
      metrics = metrics(comma + 1:)
    end do
  end subroutine

  subroutine step(begin, total)
    integer(int64), intent(in) :: begin, total
    real(real64), allocatable :: weight(:)
    integer(int64), allocatable :: number(:)
    number = numbers_of(total)
    weight = sample(inputs + targets + 1, begin + number + 1)
    if (all(weight == 1)) deallocate (weight)
    call trainer%step(sample(:inputs, begin + number + 1), sample(inputs + 1:inputs + targets, begin + number + 1), &
                      status, message, number=number, weight=weight)
  end subroutine

  ! A rank's arrays that do not fit are an error on all of them, and no update.
  subroutine misfit()
    real(real64) :: x(inputs, 2), y(targets, 2)
    x = 0
    y = 0
    if (rank == 0) call trainer%step(transpose(reshape(x, [inputs + 1, 2], [0._real64])), y, status, message)
    if (rank > 0) call trainer%step(x, y, status, message)
    if (status /= lockstep_eusage) error stop "a misfit is no error"
    if (rank == 0 .and. index(message, "x (inputs, rows): the first extent is 2, not ") /= 1) error stop message
    call trainer%step(x, y, status, message, number=[0_int64])
    if (status /= lockstep_eusage .or. index(message, "number: the size is 1, not 2") /= 1) error stop message
    if (trainer%inputs() /= inputs .or. trainer%targets() /= targets) error stop "shape"
  end subroutine

  subroutine train()
    integer(int64) :: begin, total
    begin = 0
    call misfit()
    do
      total = trainer%batch()
      call step(begin, total)
      begin = begin + total
      if (status /= lockstep_ok .or. begin >= size(sample, 2)) exit
    end do
    if (status == lockstep_ok) call trainer%state(state, status, message)
    if (status == lockstep_ok) call trainer%save(argument(5), status, message)
    if (rank == 0 .and. status == lockstep_ok) print '(a, a, es24.16)', trim(state%weights_hash), " loss ", state%loss
    if (status == lockstep_ok .and. allocated(metrics)) call tell_metrics()
  end subroutine
end program
