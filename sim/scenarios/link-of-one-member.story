# One interface of the master goes down: its whole sync group gives up by priority 0, and the
# partner takes all of it over after its skew (3/256 s), long before its down interval.
routers 2 3
group lan0/1  sync SYNC1 priority 254 253 no-preempt
group lan1/10 sync SYNC1 priority 254 253 no-preempt
group lan2/11 sync SYNC1 priority 254 253 no-preempt
start
wait 10
expect 1 master

link 1 lan1 down
within 0.05 2 master
expect 1 fault
free 1
holds 2
wait 10

link 1 lan1 up
within 0.1 1 backup
wait 10
expect 2 master
settled
