# Draws ratios, growth-names and growth-connections of one run into SVG files.
set terminal svg size 900,480 background 'white'
set grid ytics

set output 'ratios.svg'
set title 'Time as a ratio (below 1: quicker than what it is held against)'
set style fill solid 0.6
set boxwidth 0.6
set yrange [0:*]
set xtics rotate by -35 font ',9'
set bmargin 9
plot 'ratios' using 0:2:xtic(1) with boxes title 'measured', \
     '' using 0:3 with points pt 9 ps 1.2 lc 'black' title 'at most'

unset xtics
set xtics
set bmargin
set logscale x
set output 'names.svg'
set title 'Stat among more and more names'
set xlabel 'names'
set ylabel 'round trip, microseconds'
plot 'growth-names' using 1:($3 / 1000) with linespoints pt 7 title 'library, one processor'

set output 'connections.svg'
set title 'Stat among more and more idle connections'
set xlabel 'idle connections'
plot 'growth-connections' using 1:($2 / 1000) with linespoints pt 7 title 'one processor'
