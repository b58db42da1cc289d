! lockstep.f90 - liblockstep for Fortran: the names of lockstep/lockstep.h, and arrays in Fortran's order.
!
!   use lockstep
!   type(lockstep_net) :: net
!   call net%open("flux.h5", status, message)
!   call net%apply(x, y, status, message)         ! x (inputs, rows), y (outputs, rows): a sample a column
!   call net%jacobian(x, d, status, message)      ! d (inputs, outputs, rows)
!   call net%free()
!
!   type(lockstep_trainer) :: trainer
!   call trainer%new(MPI_COMM_WORLD, "surrogate.yaml", status, message)
!   call trainer%step(x, y, status, message[, number=number])
!   call trainer%net(net, status, message)
!
! status is lockstep_ok (0) or what went wrong, as the command line's exit codes; message (of any length, as
! iomsg) then says why.
! Both kinds of real will do: the sample's own is the network's precision, for the bits of lockstep predict.
! A communicator is the integer of `use mpi`; of `use mpi_f08` it is comm%mpi_val.
module lockstep
  use, intrinsic :: iso_c_binding
  use, intrinsic :: iso_fortran_env, only: real32, real64, int32, int64
  implicit none
  private
  public :: lockstep_net, lockstep_trainer, lockstep_score, lockstep_state, lockstep_version
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
    type(c_ptr) :: arg
  end type

  type, bind(C) :: lockstep_score
    integer(c_int64_t) :: samples
    real(c_double) :: loss, accuracy, mae, rmse, r2
  end type

  type, bind(C) :: lockstep_state
    integer(c_int64_t) :: global_step, updates, epoch, samples_seen, parameters
    real(c_double) :: rate, loss
    character(kind=c_char) :: weights_hash(48)
  end type

  !> A trained network. Copies are the same network: it is freed once.
  type :: lockstep_net
    type(c_ptr), private :: at = c_null_ptr
  contains
    procedure :: open => net_open
    procedure :: free => net_free
    procedure :: inputs => net_inputs
    procedure :: outputs => net_outputs
    procedure :: bits => net_bits
    procedure :: input_name => net_input_name
    procedure :: output_name => net_output_name
    procedure, private :: net_apply32, net_apply64, net_jacobian32, net_jacobian64
    generic :: apply => net_apply32, net_apply64
    generic :: jacobian => net_jacobian32, net_jacobian64
  end type

  !> Training on the program's own communicator and samples; collective but for free after MPI_Finalize.
  type :: lockstep_trainer
    type(c_ptr), private :: at = c_null_ptr
  contains
    procedure :: new => trainer_new
    procedure :: free => trainer_free
    procedure :: batch => trainer_batch
    procedure :: share => trainer_share
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
    function c_input_name(net, i) bind(C, name="lockstep_net_input_name") result(text)
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
    integer(c_int) function c_step32(trainer, rows, number, x, y, error) &
      bind(C, name="lockstep_trainer_step_f32")
      import
      type(c_ptr), value :: trainer, number
      integer(c_int64_t), value :: rows
      real(c_float), intent(in) :: x(*), y(*)
      type(c_error), intent(out) :: error
    end function
    integer(c_int) function c_step64(trainer, rows, number, x, y, error) &
      bind(C, name="lockstep_trainer_step_f64")
      import
      type(c_ptr), value :: trainer, number
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
    integer(c_int) function c_state(trainer, state, error) bind(C, name="lockstep_trainer_state")
      import
      type(c_ptr), value :: trainer
      type(lockstep_state), intent(out) :: state
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

  !> i from 1; "" where it is not known.
  function net_input_name(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_input_name(net%at, int(i - 1, c_int64_t)))
  end function

  function net_output_name(net, i) result(text)
    class(lockstep_net), intent(in) :: net
    integer, intent(in) :: i
    character(len=:), allocatable :: text
    text = from_c(c_output_name(net%at, int(i - 1, c_int64_t)))
  end function

  subroutine net_apply32(net, x, y, status, message)
    class(lockstep_net), intent(in) :: net
    real(real32), contiguous, intent(in) :: x(:, :)
    real(real32), contiguous, intent(inout) :: y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_apply32(net%at, size(x, 2, c_int64_t), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_apply64(net, x, y, status, message)
    class(lockstep_net), intent(in) :: net
    real(real64), contiguous, intent(in) :: x(:, :)
    real(real64), contiguous, intent(inout) :: y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_apply64(net%at, size(x, 2, c_int64_t), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_jacobian32(net, x, d, status, message)
    class(lockstep_net), intent(in) :: net
    real(real32), contiguous, intent(in) :: x(:, :)
    real(real32), contiguous, intent(inout) :: d(:, :, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_jacobian32(net%at, size(x, 2, c_int64_t), x, d, error)
    call tell(error, status, message)
  end subroutine

  subroutine net_jacobian64(net, x, d, status, message)
    class(lockstep_net), intent(in) :: net
    real(real64), contiguous, intent(in) :: x(:, :)
    real(real64), contiguous, intent(inout) :: d(:, :, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_jacobian64(net%at, size(x, 2, c_int64_t), x, d, error)
    call tell(error, status, message)
  end subroutine

  ! ---- training ----

  !> config: YAML text with line ends (new_line("a")), or the path of such a file. resume: a checkpoint to go
  !> on from. Scaling: see lockstep/lockstep.h.
  subroutine trainer_new(trainer, communicator, config, status, message, resume, x_shift, x_divisor, &
                         y_shift, y_divisor, threads)
    class(lockstep_trainer), intent(inout) :: trainer
    integer, intent(in) :: communicator
    character(len=*), intent(in) :: config
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    character(len=*), intent(in), optional :: resume
    real(real64), contiguous, target, intent(in), optional :: x_shift(:), x_divisor(:)
    real(real64), contiguous, target, intent(in), optional :: y_shift(:), y_divisor(:)
    integer, intent(in), optional :: threads
    character(kind=c_char, len=:), allocatable, target :: from
    type(c_options) :: options
    type(c_error) :: error
    integer(c_int) :: ignored
    options = c_options(c_sizeof(options), c_null_ptr, c_null_ptr, c_null_ptr, c_null_ptr, c_null_ptr, &
                        0_c_int64_t, c_null_funptr, c_null_ptr)
    if (present(resume)) then
      from = trim(resume) // c_null_char
      options%resume = c_loc(from)
    end if
    if (present(x_shift)) options%x_shift = c_loc(x_shift)
    if (present(x_divisor)) options%x_divisor = c_loc(x_divisor)
    if (present(y_shift)) options%y_shift = c_loc(y_shift)
    if (present(y_divisor)) options%y_divisor = c_loc(y_divisor)
    if (present(threads)) options%threads = threads
    ignored = c_trainer_new(int(communicator, c_int), trim(config) // c_null_char, options, trainer%at, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_free(trainer)
    class(lockstep_trainer), intent(inout) :: trainer
    call c_trainer_free(trainer%at)
    trainer%at = c_null_ptr
  end subroutine

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

  !> x (inputs, rows), y (targets, rows), number (rows) of each sample in the minibatch, from 0.
  subroutine trainer_step32(trainer, x, y, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real32), contiguous, intent(in) :: x(:, :), y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_step32(trainer%at, size(x, 2, c_int64_t), place_of(number), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_step64(trainer, x, y, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real64), contiguous, intent(in) :: x(:, :), y(:, :)
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_step64(trainer%at, size(x, 2, c_int64_t), place_of(number), x, y, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_evaluate32(trainer, x, y, score, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real32), contiguous, intent(in) :: x(:, :), y(:, :)
    type(lockstep_score), intent(out) :: score
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_evaluate32(trainer%at, size(x, 2, c_int64_t), place_of(number), x, y, score, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_evaluate64(trainer, x, y, score, status, message, number)
    class(lockstep_trainer), intent(in) :: trainer
    real(real64), contiguous, intent(in) :: x(:, :), y(:, :)
    type(lockstep_score), intent(out) :: score
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    integer(int64), contiguous, target, intent(in), optional :: number(:)
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_evaluate64(trainer%at, size(x, 2, c_int64_t), place_of(number), x, y, score, error)
    call tell(error, status, message)
  end subroutine

  subroutine trainer_state(trainer, state, status, message)
    class(lockstep_trainer), intent(in) :: trainer
    type(lockstep_state), intent(out) :: state
    integer, intent(out) :: status
    character(len=*), intent(inout), optional :: message
    type(c_error) :: error
    integer(c_int) :: ignored
    ignored = c_state(trainer%at, state, error)
    call tell(error, status, message)
  end subroutine

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
end module
