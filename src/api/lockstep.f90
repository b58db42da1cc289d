! lockstep.f90 - liblockstep for Fortran: the functions of lockstep/lockstep.h, and arrays in Fortran's order.
!
!   use lockstep
!   type(lockstep_net) :: net
!   call net%open("flux.h5", status, message)
!   call net%apply(x, y, status, message)         ! x (inputs, rows), y (outputs, rows): a sample a column
!   call net%jacobian(x, d, status, message)      ! d (inputs, outputs, rows)
!   call net%free()
!
!   type(lockstep_trainer) :: trainer
!   call trainer%new(MPI_COMM_WORLD, "surrogate.yaml", status, message[, resume, x_shift, x_divisor, ...])
!   call trainer%step(x, y, status, message[, number, weight])
!   call trainer%net(net, status, message)
!
!   call lockstep_train(MPI_COMM_WORLD, "files.yaml", "runs/files", status, message[, resume, threads, state, say])
!
! status is lockstep_ok (0) or what went wrong, as the command line's exit codes; message (of any length, as
! iomsg) then says why.
! Both kinds of real will do: the sample's own is the network's precision, for the bits of lockstep predict.
! Arrays x, y and d need not be contiguous (gfortran 12 passes transpose(x) wrongly where they must be).
! A communicator is the integer of `use mpi`; of `use mpi_f08` it is comm%mpi_val.
module lockstep
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: real32, real64, int8, int64
  implicit none
  private
  public :: lockstep_net, lockstep_trainer, lockstep_train, lockstep_version
  public :: lockstep_score, lockstep_state, lockstep_say
  integer, parameter, public :: lockstep_ok = 0, lockstep_fail = 1, lockstep_eusage = 64, &
    lockstep_edata = 65, lockstep_einternal = 70, lockstep_ediverged = 71, lockstep_eio = 74, &
    lockstep_estopped = 75, lockstep_econfig = 78

  type, bind(C) :: c_error
    integer(c_int32_t) :: status
    character(kind=c_char) :: text(4096)
  end type

  type, bind(C) :: c_options
    integer(c_int64_t) :: size
    type(c_ptr) :: resume, x_shift, x_divisor, y_shift, y_divisor
    integer(c_int64_t) :: threads
    type(c_funptr) :: message
    type(c_ptr) :: arg, x_mean, class_counts
  end type

  type, bind(C) :: lockstep_score
    integer(c_int64_t) :: samples
    real(c_double) :: loss, accuracy, mae, rmse, r2
  end type

  type, bind(C) :: c_state_values
    integer(c_int64_t) :: global_step, updates, epoch, samples_seen, parameters
    real(c_double) :: rate, loss
    character(kind=c_char) :: weights_hash(48)
  end type

  !> Where a trainer is; rate and loss are the last update's (loss: NaN before the first).
  type :: lockstep_state
    integer(int64) :: global_step = 0, updates = 0, epoch = 0, samples_seen = 0, parameters = 0
    real(real64) :: rate = 0, loss = 0
    character(len=48) :: weights_hash = ""
  end type

  abstract interface
    !> Where messages go (rank 0's): level 0 error, 1 warning, 2 what is good to know. One of lockstep's own
    !> threads may call it. A procedure of a module: an internal one lives no longer than its host.
    subroutine lockstep_say(level, line)
      integer, intent(in) :: level
      character(len=*), intent(in) :: line
    end subroutine
  end interface

  type :: speaker
    procedure(lockstep_say), pointer, nopass :: say => null()
  end type

  !> A trained network. Copies are the same network: it is freed once.
  type :: lockstep_net
    type(c_ptr), private :: at = c_null_ptr
  contains
    procedure, private :: net_open, net_open_buffer
    generic :: open => net_open, net_open_buffer
    procedure :: free => net_free
    procedure :: inputs => net_inputs
    procedure :: outputs => net_outputs
    procedure :: bits => net_bits
    procedure :: has_classes => net_has_classes
    procedure :: weights_hash => net_weights_hash
    procedure :: input_name => net_input_name
    procedure :: input_unit => net_input_unit
    procedure :: output_name => net_output_name
    procedure :: output_unit => net_output_unit
    procedure, private :: net_apply32, net_apply64, net_jacobian32, net_jacobian64
    generic :: apply => net_apply32, net_apply64
    generic :: jacobian => net_jacobian32, net_jacobian64
  end type

  !> Training on the program's own communicator and samples; collective but for free after MPI_Finalize.
  type :: lockstep_trainer
    type(c_ptr), private :: at = c_null_ptr
    type(speaker), pointer, private :: speaker => null()
  contains
    procedure :: new => trainer_new
    procedure :: free => trainer_free
    procedure :: inputs => trainer_inputs
    procedure :: targets => trainer_targets
    procedure :: batch => trainer_batch
    procedure :: share => trainer_share
    procedure :: metric => trainer_metric
    procedure :: state => trainer_state
    procedure :: save => trainer_save
    procedure :: net => trainer_net
    procedure, private :: trainer_step32, trainer_step64, trainer_evaluate32, trainer_evaluate64
    generic :: step => trainer_step32, trainer_step64
    generic :: evaluate => trainer_evaluate32, trainer_evaluate64
  end type

  interface
    function c_version() bind(C, name="lockstep_version") result(text)
      import
      type(c_ptr) :: text
    end function
    integer(c_int) function c_net_open(path, net, error) bind(C, name="lockstep_net_open")
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_ptr), intent(out) :: net
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_net_open_buffer(data, bytes, net, error) bind(C, name="lockstep_net_open_buffer")
      import
      type(c_ptr), value :: data
      integer(c_size_t), value :: bytes
      type(c_ptr), intent(out) :: net
      type(c_error), intent(out) :: error
    end function
    subroutine c_net_free(net) bind(C, name="lockstep_net_free")
      import
      type(c_ptr), value :: net
    end subroutine
    integer(c_int64_t) function c_net_inputs(net) bind(C, name="lockstep_net_inputs")
      import
      type(c_ptr), value :: net
    end function
    integer(c_int64_t) function c_net_outputs(net) bind(C, name="lockstep_net_outputs")
      import
      type(c_ptr), value :: net
    end function
    integer(c_int) function c_net_bits(net) bind(C, name="lockstep_net_bits")
      import
      type(c_ptr), value :: net
    end function
    integer(c_int) function c_net_has_classes(net) bind(C, name="lockstep_net_has_classes")
      import
      type(c_ptr), value :: net
    end function
    function c_net_weights_hash(net) bind(C, name="lockstep_net_weights_hash") result(text)
      import
      type(c_ptr), value :: net
      type(c_ptr) :: text
    end function
    function c_input_name(net, i) bind(C, name="lockstep_net_input_name") result(text)
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: i
      type(c_ptr) :: text
    end function
    function c_input_unit(net, i) bind(C, name="lockstep_net_input_unit") result(text)
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: i
      type(c_ptr) :: text
    end function
    function c_output_name(net, i) bind(C, name="lockstep_net_output_name") result(text)
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: i
      type(c_ptr) :: text
    end function
    function c_output_unit(net, i) bind(C, name="lockstep_net_output_unit") result(text)
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: i
      type(c_ptr) :: text
    end function
    integer(c_int) function c_apply32(net, rows, x, y, error) bind(C, name="lockstep_net_apply_f32")
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: rows
      real(c_float), intent(in) :: x(*)
      real(c_float), intent(inout) :: y(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_apply64(net, rows, x, y, error) bind(C, name="lockstep_net_apply_f64")
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: rows
      real(c_double), intent(in) :: x(*)
      real(c_double), intent(inout) :: y(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_jacobian32(net, rows, x, d, error) &
      bind(C, name="lockstep_net_jacobian_f32")
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: rows
      real(c_float), intent(in) :: x(*)
      real(c_float), intent(inout) :: d(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_jacobian64(net, rows, x, d, error) &
      bind(C, name="lockstep_net_jacobian_f64")
      import
      type(c_ptr), value :: net
      integer(c_int64_t), value :: rows
      real(c_double), intent(in) :: x(*)
      real(c_double), intent(inout) :: d(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_trainer_new(communicator, config, options, trainer, error) &
      bind(C, name="lockstep_trainer_new_f")
      import
      integer(c_int), value :: communicator
      character(kind=c_char), intent(in) :: config(*)
      type(c_options), intent(in) :: options
      type(c_ptr), intent(out) :: trainer
      type(c_error), intent(out) :: error
    end function
    subroutine c_trainer_free(trainer) bind(C, name="lockstep_trainer_free")
      import
      type(c_ptr), value :: trainer
    end subroutine
    integer(c_int64_t) function c_trainer_inputs(trainer) bind(C, name="lockstep_trainer_inputs")
      import
      type(c_ptr), value :: trainer
    end function
    integer(c_int64_t) function c_trainer_targets(trainer) bind(C, name="lockstep_trainer_targets")
      import
      type(c_ptr), value :: trainer
    end function
    integer(c_int64_t) function c_batch(trainer) bind(C, name="lockstep_trainer_batch")
      import
      type(c_ptr), value :: trainer
    end function
    integer(c_int64_t) function c_share(trainer, total, first) bind(C, name="lockstep_trainer_share")
      import
      type(c_ptr), value :: trainer
      integer(c_int64_t), value :: total
      integer(c_int64_t), intent(out) :: first
    end function
    integer(c_int) function c_step32(trainer, rows, number, x, y, weight, error) &
      bind(C, name="lockstep_trainer_step_weighted_f32")
      import
      type(c_ptr), value :: trainer, number, weight
      integer(c_int64_t), value :: rows
      real(c_float), intent(in) :: x(*), y(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_step64(trainer, rows, number, x, y, weight, error) &
      bind(C, name="lockstep_trainer_step_weighted_f64")
      import
      type(c_ptr), value :: trainer, number, weight
      integer(c_int64_t), value :: rows
      real(c_double), intent(in) :: x(*), y(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_evaluate32(trainer, rows, number, x, y, score, error) &
      bind(C, name="lockstep_trainer_evaluate_f32")
      import
      type(c_ptr), value :: trainer, number
      integer(c_int64_t), value :: rows
      real(c_float), intent(in) :: x(*), y(*)
      type(lockstep_score), intent(out) :: score
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_evaluate64(trainer, rows, number, x, y, score, error) &
      bind(C, name="lockstep_trainer_evaluate_f64")
      import
      type(c_ptr), value :: trainer, number
      integer(c_int64_t), value :: rows
      real(c_double), intent(in) :: x(*), y(*)
      type(lockstep_score), intent(out) :: score
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_metric(trainer, name, value, error) bind(C, name="lockstep_trainer_metric")
      import
      type(c_ptr), value :: trainer
      character(kind=c_char), intent(in) :: name(*)
      real(c_double), intent(inout) :: value
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_state(trainer, state, error) bind(C, name="lockstep_trainer_state")
      import
      type(c_ptr), value :: trainer
      type(c_state_values), intent(out) :: state
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_save(trainer, path, error) bind(C, name="lockstep_trainer_save")
      import
      type(c_ptr), value :: trainer
      character(kind=c_char), intent(in) :: path(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_trainer_net(trainer, net, error) bind(C, name="lockstep_trainer_net")
      import
      type(c_ptr), value :: trainer
      type(c_ptr), intent(out) :: net
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_train(communicator, config, dir, resume, options, state, error) &
      bind(C, name="lockstep_train_f")
      import
      integer(c_int), value :: communicator, resume
      character(kind=c_char), intent(in) :: config(*), dir(*)
      type(c_options), intent(in) :: options
      type(c_state_values), intent(out) :: state
      type(c_error), intent(out) :: error
    end function
    integer(c_size_t) function c_length(text) bind(C, name="strlen")
      import
      type(c_ptr), value :: text
    end function
  end interface

contains

  ! ---- texts ----

  function from_c(text) result(made)
    type(c_ptr), intent(in) :: text
    character(len=:), allocatable :: made
    character(kind=c_char), pointer :: letter(:)
    integer :: i
    call c_f_pointer(text, letter, [c_length(text)])
    allocate (character(len=size(letter)) :: made)
    do i = 1, size(letter)
      made(i:i) = letter(i)
    end do
  end function

  subroutine tell(error, status, message)
    type(c_error), intent(in) :: error
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer :: i
    status = error%status
    if (.not. present(message)) return
    message = ""
    do i = 1, min(len(message), size(error%text))
      if (error%text(i) == c_null_char) exit
      message(i:i) = error%text(i)
    end do
  end subroutine

  !> This rank's arrays are not as they must be.
  subroutine refuse(what, got, want, status, message)
    character(len=*), intent(in) :: what
    integer(int64), intent(in) :: got, want
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    status = lockstep_eusage
    if (present(message)) write (message, '(2a, i0, a, i0)', iostat=status) what, " is ", got, ", not ", want
    status = lockstep_eusage
  end subroutine

  !> `say` of what made the trainer, by way of C.
  subroutine pass_on(arg, level, line) bind(C)
    type(c_ptr), value :: arg, line
    integer(c_int), value :: level
    type(speaker), pointer :: to
    call c_f_pointer(arg, to)
    call to%say(int(level), from_c(line))
  end subroutine

  function lockstep_version() result(text)
    character(len=:), allocatable :: text
    text = from_c(c_version())
  end function

  ! ---- networks ----

  subroutine net_open(net, path, status, message)
    class(lockstep_net), intent(inout) :: net
    character(len=*), intent(in) :: path
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_net_open(trim(path) // c_null_char, net%at, error)
    call tell(error, status, message)
  end subroutine

  !> The same of a checkpoint's bytes, which may go away then.
  subroutine net_open_buffer(net, bytes, status, message)
    class(lockstep_net), intent(inout) :: net
    integer(int8), contiguous, target, intent(in) :: bytes(:)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_net_open_buffer(c_loc(bytes), size(bytes, kind=c_size_t), net%at, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_free(net)
    class(lockstep_net), intent(inout) :: net
    call c_net_free(net%at)
    net%at = c_null_ptr
  end subroutine

  integer function net_inputs(net)
    class(lockstep_net), intent(in) :: net
    net_inputs = int(c_net_inputs(net%at))
  end function

  integer function net_outputs(net)
    class(lockstep_net), intent(in) :: net
    net_outputs = int(c_net_outputs(net%at))
  end function

  integer function net_bits(net)
    class(lockstep_net), intent(in) :: net
    net_bits = c_net_bits(net%at)
  end function

  !> Do the outputs belong to classes, which output_name names?
  logical function net_has_classes(net)
    class(lockstep_net), intent(in) :: net
    net_has_classes = c_net_has_classes(net%at) /= 0
  end function

  !> As `lockstep inspect` prints it.
  function net_weights_hash(net) result(text)
    class(lockstep_net), intent(in) :: net
    character(len=:), allocatable :: text
    text = from_c(c_net_weights_hash(net%at))
  end function

  !> i from 1; "" where it is not known.
  function net_input_name(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_input_name(net%at, int(i - 1, c_int64_t)))
  end function

  function net_input_unit(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_input_unit(net%at, int(i - 1, c_int64_t)))
  end function

  function net_output_name(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_output_name(net%at, int(i - 1, c_int64_t)))
  end function

  function net_output_unit(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_output_unit(net%at, int(i - 1, c_int64_t)))
  end function

  !> Are x (inputs, rows) and y (outputs, rows), or d (inputs, outputs, rows), not of these shapes?
  logical function misfit(net, x, y, status, message)
    class(lockstep_net), intent(in) :: net
    integer(int64), intent(in) :: x(:), y(:)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    character(len=:), allocatable :: name
    integer :: n
    n = size(y)
    name = merge("d", "y", n == 3)
    misfit = .true.
    status = lockstep_ok
    if (.not. c_associated(net%at)) then
      misfit = .false. ! the library has the words
    else if (x(1) /= net%inputs()) then
      call refuse("x (inputs, rows): the first extent", x(1), int(net%inputs(), int64), status, message)
    else if (y(n - 1) /= net%outputs()) then
      call refuse(name // ": the extent of the outputs", y(n - 1), int(net%outputs(), int64), status, message)
    else if (y(n) /= x(2)) then
      call refuse(name // ": the last extent, that of x's samples,", y(n), x(2), status, message)
    else if (n == 3 .and. y(1) /= x(1)) then
      call refuse("d (inputs, outputs, rows): the first extent", y(1), x(1), status, message)
    else
      misfit = .false.
    end if
  end function

  subroutine net_apply32(net, x, y, status, message)
    class(lockstep_net), intent(in) :: net
    real(real32), intent(in) :: x(:, :)
    real(real32), intent(inout) :: y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    if (misfit(net, shape(x, int64), shape(y, int64), status, message)) return
    ignored = c_apply32(net%at, size(x, 2, c_int64_t), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_apply64(net, x, y, status, message)
    class(lockstep_net), intent(in) :: net
    real(real64), intent(in) :: x(:, :)
    real(real64), intent(inout) :: y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    if (misfit(net, shape(x, int64), shape(y, int64), status, message)) return
    ignored = c_apply64(net%at, size(x, 2, c_int64_t), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_jacobian32(net, x, d, status, message)
    class(lockstep_net), intent(in) :: net
    real(real32), intent(in) :: x(:, :)
    real(real32), intent(inout) :: d(:, :, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    if (misfit(net, shape(x, int64), shape(d, int64), status, message)) return
    ignored = c_jacobian32(net%at, size(x, 2, c_int64_t), x, d, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_jacobian64(net, x, d, status, message)
    class(lockstep_net), intent(in) :: net
    real(real64), intent(in) :: x(:, :)
    real(real64), intent(inout) :: d(:, :, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    if (misfit(net, shape(x, int64), shape(d, int64), status, message)) return
    ignored = c_jacobian64(net%at, size(x, 2, c_int64_t), x, d, error)
    call tell(error, status, message)
  end subroutine

  ! ---- training ----

  !> config: YAML text with line ends (new_line("a")), or the path of such a file. The rest is what
  !> lockstep_trainer_options says in lockstep/lockstep.h: a checkpoint to go on from; what scales inputs
  !> and targets (of columns that are standard or minmax), what takes the place of a NaN (missing.x: mean),
  !> how many samples each class has (class_weights: balanced); say: see lockstep_say.
  subroutine trainer_new(trainer, communicator, config, status, message, resume, x_shift, x_divisor, &
                         y_shift, y_divisor, threads, x_mean, class_counts, say)
    class(lockstep_trainer), intent(inout) :: trainer
    integer, intent(in) :: communicator
    character(len=*), intent(in) :: config
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    character(len=*), intent(in), optional :: resume
    real(real64), contiguous, target, intent(in), optional :: x_shift(:), x_divisor(:)
    real(real64), contiguous, target, intent(in), optional :: y_shift(:), y_divisor(:)
    integer, intent(in), optional :: threads
    real(real64), contiguous, target, intent(in), optional :: x_mean(:)
    integer(int64), contiguous, target, intent(in), optional :: class_counts(:)
    procedure(lockstep_say), optional :: say
    character(kind=c_char, len=:), allocatable, target :: from
    type(c_options) :: options
    type(c_error) :: error
    integer(c_int) :: ignored
    call make_options(options, trainer%speaker, threads, say)
    if (present(resume)) then
      from = trim(resume) // c_null_char
      options%resume = c_loc(from)
    end if
    if (present(x_shift)) options%x_shift = c_loc(x_shift)
    if (present(x_divisor)) options%x_divisor = c_loc(x_divisor)
    if (present(y_shift)) options%y_shift = c_loc(y_shift)
    if (present(y_divisor)) options%y_divisor = c_loc(y_divisor)
    if (present(x_mean)) options%x_mean = c_loc(x_mean)
    if (present(class_counts)) options%class_counts = c_loc(class_counts)
    ignored = c_trainer_new(int(communicator, c_int), trim(config) // c_null_char, options, trainer%at, error)
    call tell(error, status, message)
  end subroutine

  !> None but these two. to: who speaks, to be deallocated; null where nobody does.
  subroutine make_options(options, to, threads, say)
    type(c_options), intent(out) :: options
    type(speaker), pointer, intent(out) :: to
    integer, intent(in), optional :: threads
    procedure(lockstep_say), optional :: say
    options = c_options(c_sizeof(options), c_null_ptr, c_null_ptr, c_null_ptr, c_null_ptr, c_null_ptr, &
                        0_c_int64_t, c_null_funptr, c_null_ptr, c_null_ptr, c_null_ptr)
    if (present(threads)) options%threads = threads
    to => null()
    if (.not. present(say)) return
    allocate (to)
    to%say => say
    options%message = c_funloc(pass_on)
    options%arg = c_loc(to)
  end subroutine

  subroutine trainer_free(trainer)
    class(lockstep_trainer), intent(inout) :: trainer
    call c_trainer_free(trainer%at)
    trainer%at = c_null_ptr
    if (associated(trainer%speaker)) deallocate (trainer%speaker)
  end subroutine

  !> What a sample has: numbers of x, and of y (1 where that is the number of a class).
  integer function trainer_inputs(trainer)
    class(lockstep_trainer), intent(in) :: trainer
    trainer_inputs = int(c_trainer_inputs(trainer%at))
  end function

  integer function trainer_targets(trainer)
    class(lockstep_trainer), intent(in) :: trainer
    trainer_targets = int(c_trainer_targets(trainer%at))
  end function

  !> Samples of the next minibatch, on all ranks together.
  integer(int64) function trainer_batch(trainer)
    class(lockstep_trainer), intent(in) :: trainer
    trainer_batch = c_batch(trainer%at)
  end function

  !> Of `total` samples this rank works on so many, from number `first` (which counts from 0) on.
  integer(int64) function trainer_share(trainer, total, first)
    class(lockstep_trainer), intent(in) :: trainer
    integer(int64), intent(in) :: total
    integer(int64), intent(out) :: first
    trainer_share = c_share(trainer%at, total, first)
  end function

  function place_of(number) result(at)
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_ptr) :: at
    at = c_null_ptr
    if (present(number)) at = c_loc(number)
  end function

  !> How many samples x (inputs, rows) and y (targets, rows) are; -1 where they do not fit, with status and
  !> message of it: the call is made in any case, because the other ranks wait in it.
  integer(c_int64_t) function rows_of(trainer, x, y, numbers, weights, status, message) result(rows)
    class(lockstep_trainer), intent(in) :: trainer
    integer(int64), intent(in) :: x(2), y(2), numbers, weights ! these: -1 where there are none
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64) :: inputs, targets
    status = lockstep_ok
    rows = x(2)
    if (.not. c_associated(trainer%at)) return ! the library has the words
    inputs = trainer%inputs()
    targets = trainer%targets()
    if (x(1) /= inputs) then
      call refuse("x (inputs, rows): the first extent", x(1), inputs, status, message)
    else if (y(1) /= targets) then
      call refuse("y (targets, rows): the first extent", y(1), targets, status, message)
    else if (y(2) /= rows) then
      call refuse("y (targets, rows): the number of samples", y(2), rows, status, message)
    else if (numbers >= 0 .and. numbers /= rows) then
      call refuse("number: the size", numbers, rows, status, message)
    else if (weights >= 0 .and. weights /= rows) then
      call refuse("weight: the size", weights, rows, status, message)
    end if
    if (status /= lockstep_ok) rows = -1
  end function

  integer(int64) function numbers_in(number)
    integer(int64), intent(in), optional :: number(:)
    numbers_in = -1
    if (present(number)) numbers_in = size(number, kind=int64)
  end function

  !> x (inputs, rows), y (targets, rows), number (rows) of each sample in the minibatch, from 0; weight (rows):
  !> what each counts, 1 where it is not given.
  subroutine trainer_step32(trainer, x, y, status, message, number, weight)
    class(lockstep_trainer), intent(in) :: trainer
    real(real32), intent(in) :: x(:, :), y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    real(real32), contiguous, target, intent(in), optional :: weight(:)
    type(c_error) :: error
    type(c_ptr) :: weights
    integer(c_int64_t) :: rows, weighed
    integer(c_int) :: ignored
    weights = c_null_ptr
    weighed = -1
    if (present(weight)) then
      weights = c_loc(weight)
      weighed = size(weight, kind=int64)
    end if
    rows = rows_of(trainer, shape(x, int64), shape(y, int64), numbers_in(number), weighed, status, message)
    ignored = c_step32(trainer%at, rows, place_of(number), x, y, weights, error)
    if (status == lockstep_ok) call tell(error, status, message)
  end subroutine

  subroutine trainer_step64(trainer, x, y, status, message, number, weight)
    class(lockstep_trainer), intent(in) :: trainer
    real(real64), intent(in) :: x(:, :), y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    real(real64), contiguous, target, intent(in), optional :: weight(:)
    type(c_error) :: error
    type(c_ptr) :: weights
    integer(c_int64_t) :: rows, weighed
    integer(c_int) :: ignored
    weights = c_null_ptr
    weighed = -1
    if (present(weight)) then
      weights = c_loc(weight)
      weighed = size(weight, kind=int64)
    end if
    rows = rows_of(trainer, shape(x, int64), shape(y, int64), numbers_in(number), weighed, status, message)
    ignored = c_step64(trainer%at, rows, place_of(number), x, y, weights, error)
    if (status == lockstep_ok) call tell(error, status, message)
  end subroutine

  subroutine trainer_evaluate32(trainer, x, y, score, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real32), intent(in) :: x(:, :), y(:, :)
    type(lockstep_score), intent(out) :: score
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int64_t) :: rows
    integer(c_int) :: ignored
    rows = rows_of(trainer, shape(x, int64), shape(y, int64), numbers_in(number), -1_int64, status, message)
    ignored = c_evaluate32(trainer%at, rows, place_of(number), x, y, score, error)
    if (status == lockstep_ok) call tell(error, status, message)
  end subroutine

  subroutine trainer_evaluate64(trainer, x, y, score, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real64), intent(in) :: x(:, :), y(:, :)
    type(lockstep_score), intent(out) :: score
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int64_t) :: rows
    integer(c_int) :: ignored
    rows = rows_of(trainer, shape(x, int64), shape(y, int64), numbers_in(number), -1_int64, status, message)
    ignored = c_evaluate64(trainer%at, rows, place_of(number), x, y, score, error)
    if (status == lockstep_ok) call tell(error, status, message)
  end subroutine

  !> Of the last evaluation the number that the config's eval.metrics calls so ("f1", "auc", ...).
  subroutine trainer_metric(trainer, name, value, status, message)
    class(lockstep_trainer), intent(in) :: trainer
    character(len=*), intent(in) :: name
    real(real64), intent(out) :: value
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    value = 0
    ignored = c_metric(trainer%at, trim(name) // c_null_char, value, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_state(trainer, state, status, message)
    class(lockstep_trainer), intent(in) :: trainer
    type(lockstep_state), intent(out) :: state
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    type(c_state_values) :: values
    integer(c_int) :: ignored
    ignored = c_state(trainer%at, values, error)
    call tell(error, status, message)
    if (status == lockstep_ok) state = state_of(values)
  end subroutine

  function state_of(values) result(state)
    type(c_state_values), intent(in) :: values
    type(lockstep_state) :: state
    integer :: i
    state = lockstep_state(values%global_step, values%updates, values%epoch, values%samples_seen, &
                           values%parameters, values%rate, values%loss, "")
    do i = 1, len(state%weights_hash)
      if (values%weights_hash(i) == c_null_char) exit
      state%weights_hash(i:i) = values%weights_hash(i)
    end do
  end function

  subroutine trainer_save(trainer, path, status, message)
    class(lockstep_trainer), intent(in) :: trainer
    character(len=*), intent(in) :: path
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_save(trainer%at, trim(path) // c_null_char, error)
    call tell(error, status, message)
  end subroutine

  !> The network as it is now, on every rank.
  subroutine trainer_net(trainer, net, status, message)
    class(lockstep_trainer), intent(in) :: trainer
    type(lockstep_net), intent(inout) :: net
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_trainer_net(trainer%at, net%at, error)
    call tell(error, status, message)
  end subroutine

  ! ---- the whole loop ----

  !> `lockstep train CONFIG -o DIR`, on the files that the config names; resume: `--resume=auto`. state: of the
  !> end. Collective.
  subroutine lockstep_train(communicator, config, dir, status, message, resume, threads, state, say)
    integer, intent(in) :: communicator
    character(len=*), intent(in) :: config, dir
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    logical, intent(in), optional :: resume
    integer, intent(in), optional :: threads
    type(lockstep_state), intent(out), optional :: state
    procedure(lockstep_say), optional :: say
    type(c_options) :: options
    type(c_error) :: error
    type(c_state_values) :: values
    type(speaker), pointer :: to
    integer(c_int) :: goes_on, ignored
    call make_options(options, to, threads, say)
    goes_on = 0
    if (present(resume)) goes_on = merge(1, 0, resume)
    ignored = c_train(int(communicator, c_int), trim(config) // c_null_char, trim(dir) // c_null_char, goes_on, &
                      options, values, error)
    if (associated(to)) deallocate (to)
    call tell(error, status, message)
    if (present(state) .and. status == lockstep_ok) state = state_of(values)
  end subroutine
end module
