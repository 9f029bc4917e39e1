# This story is not true: the routers cannot hear each other, so both are master when it ends.  It
# must be found out, and what matters in it are eight lines.
routers 3 2
seed 7
objects 2
group lan0/1  sync SYNC1 priority 200 150 100 addresses 3 track 1 -20 0 0
group lan1/10 sync SYNC1 priority 200 150 100 excluded 2
group lan1/20 version 3 interval 0.1 0.2 priority 50 60 70 preempt 0
start 3
wait 10
freeze 3 1
object 2 1 down
wait 3.25
cut lan1 1 2
cut lan1 2 1
reset master lan1/20
wait 4
crash 1 0.3
cut lan0
wait 7.125
change lan1/20 addresses 2
spread 1
wait 5
settled
