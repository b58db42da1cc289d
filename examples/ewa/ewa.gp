# The chapter's Figs. 4-20 (left: what v_50 weighs, and the averages) and 4-21 (right: the weights for three b) from ewa.txt in this folder.
set encoding utf8
set terminal svg size 1000,440 enhanced font 'Helvetica,14' background '#ffffff'
set output 'ewa.svg'
set multiplot layout 1,2
set tmargin at screen 0.855
set border 3 lc rgb '#555555'
set tics nomirror
set grid lt 1 lw 0.6 lc rgb '#e4e4e4'
set tics textcolor rgb '#333333'
set xlabel offset 0,0.6
set ylabel offset 1.2,0
set key above center horizontal maxrows 2 samplen 3 Left reverse
set xlabel 'n'
set xrange [0:99]
set yrange [0:0.12]
set format y '%.2f'
set ylabel 'measurement θ, average v, weight'
plot 'ewa.txt' using 1:2 with lines lw 2 lc rgb '#0072B2' title 'θ_n', \
  '' using (50 - $1):($1 <= 50 ? $7 : NaN) with impulses lw 2 lc rgb '#56B4E9' title 'weight in v_{50}', \
  '' using 1:3 with lines lw 2 dt (10,5) lc rgb '#D55E00' title 'v_n, from v_0 = 0', \
  '' using 1:4 with lines lw 2 dt (2,4) lc rgb '#009E73' title 'v_n, from v_0 = 1'
set xrange [0:30]
set yrange [0:0.75]
set format y '%.1f'
set ylabel 'weight b_n = (1 − b) b^n'
plot 'ewa.txt' using 1:7 with lines lw 2 lc rgb '#0072B2' title 'b = 0.9', \
  '' using 1:8 with lines lw 2 dt (10,5) lc rgb '#D55E00' title 'b = 0.8', \
  '' using 1:9 with lines lw 2 dt (2,4) lc rgb '#009E73' title 'b = 0.3'
unset multiplot
