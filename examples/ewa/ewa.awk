# Exponentially weighted averages, the chapter's section on momentum: v_n = b v_{n-1} + (1-b) theta_n, of a Gaussian bump of measurements.
#   awk -f examples/ewa/ewa.awk                   # the table behind Figs. 4-20 and 4-21
#   awk -f examples/ewa/ewa.awk > ewa.txt && gnuplot examples/ewa/ewa.gp       # the figures, ewa.svg
# Columns: n; theta_n; v_n from v_0 = 0, from v_0 = 1; the first by its closed form, sum over k of theta_k b_{n-k}; the first without its
# bias, v_n / (1 - b^n); the weights b_n = (1-b) b^n for b = 0.9, 0.8, 0.3. At the end the sums of b_n (b = 0.9): from n = 0 it is 1,
# from n = 1, as the chapter has it, only b.
function theta(n) { return exp(-(n - 50) ^ 2 / 200) / 10 }
function weight(b, n) { return (1 - b) * b ^ n }

function closed(n,    k, sum) {
  sum = 0
  for (k = 1; k <= n; k++) sum += theta(k) * weight(beta, n - k)
  return sum
}

BEGIN {
  OFMT = "%.17g"
  beta = 0.9
  zero = 0
  one = 1
  print "# n theta v_from_0 v_from_1 closed corrected b_0.9 b_0.8 b_0.3"
  for (n = 0; n < 100; n++) {
    if (n > 0) {
      zero = beta * zero + (1 - beta) * theta(n)
      one = beta * one + (1 - beta) * theta(n)
    }
    corrected = n > 0 ? zero / (1 - beta ^ n) : 0
    print n, theta(n), zero, one, closed(n), corrected, weight(0.9, n), weight(0.8, n), weight(0.3, n)
  }
  for (n = 9999; n >= 0; n--) sum += weight(beta, n)
  printf "# sum of b_n from n = 0: %.15g; from n = 1: %.15g\n", sum, sum - weight(beta, 0)
}
