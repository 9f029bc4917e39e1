# Version 3: a backup waits at its master's interval, not at its own, and speaks at its own when it
# is master itself; the other one learns in turn.
routers 2 1
group lan0/1 version 3 interval 0.1 1 priority 200 100 no-preempt
start
wait 10
expect 1 master
waits-for 2 0.1
alarm 2 interval

reset 1 lan0/1
wait 2
expect 2 master
expect 1 backup
waits-for 1 1
wait 10

# Three intervals of 1 s and a skew of 56/256 of one, counted from its last: not of its own.
power-cut 2
wait 2
expect 1 backup
within 1.22 1 master
boot 2
wait 1
waits-for 2 0.1

# Three intervals of 0.1 s and a skew of 156/256 of one.
power-cut 1
within 0.37 2 master

# One that starts knows no interval but its own: if that is shorter, it does not wait long enough
# to hear a slow master (RFC 9568 6.4.1).  That is why all should be configured alike.
wait 3
boot 1
within 0.4 1 master
settle
