! A stirred reactor: fresh gas comes in, burns, and goes. What burns in a time step is what a network says,
! which `lockstep export flame.h5 --to fortran -o burn.f90` has made a module of, with nothing to link.
program reactor
  use, intrinsic :: iso_fortran_env, only: real32
  use burn, only: burn_predict, burn_jacobian
  implicit none
  integer, parameter :: steps = 2000
  real(real32), parameter :: renewed = 0.002 ! of the gas, in a step
  real(real32) :: state(2), burnt(1), slopes(2, 1)
  integer :: k
  state = [0.9, 0.1] ! temperature, fuel
  do k = 1, steps
    state = state + renewed * ([0.2, 0.8] - state)
    call burn_predict(state, burnt)
    burnt = min(max(burnt, 0.0), state(2))
    state = state + [burnt(1), -burnt(1)]
    if (mod(k, 500) == 0) print '(a, i5, 2(a, f7.4))', 'step', k, ': temperature', state(1), ', fuel', state(2)
  end do
  call burn_jacobian(state, slopes)
  print '(a, 2(es10.2))', 'what burns, by temperature and fuel:', slopes
end program
