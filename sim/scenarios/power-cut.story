# The master loses power: its partner is master within its down interval, 3 s + 3/256 s at 253,
# and stays it when the other comes back, because nobody preempts.
routers 2 3
group lan0/1  sync SYNC1 priority 254 253 no-preempt
group lan1/10 sync SYNC1 priority 254 253 no-preempt
group lan2/11 sync SYNC1 priority 254 253 no-preempt
start
within 3.1 1 master
expect 2 backup
wait 10

power-cut 1
within 3.02 2 master
holds 2
free 1
wait 5

boot 1
mark
wait 10
expect 1 backup
expect 2 master
quiet
settled
