# Every process of the master stands still for 10 s.  The partner takes over; the lease frees the
# master's addresses at most 1.5 s later; the woken router listens, yields and does not fight.
routers 2 2
group lan0/1  sync SYNC1 priority 254 253 no-preempt
group lan1/10 sync SYNC1 priority 254 253 no-preempt
start
wait 10
expect 1 master

freeze 1 10
holds 1
within 3.02 2 master
wait 1.5
free 1
mark
wait 10
expect 1 backup
expect 2 master
settled
