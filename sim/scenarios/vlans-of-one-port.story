# All VLANs of a port go down together; each has a sync group of its own, another segment stands
# alone.  All move by resignation, none of which leaves by the dead port: so after silence.
routers 2 3
trunk lan0 lan1
group lan0/1  sync SYNC1 version 3 interval 0.1 priority 200 100 no-preempt
group lan1/10 sync SYNC2 version 3 interval 0.1 priority 200 100 no-preempt
group lan2/11 version 3 interval 0.1 priority 200 100 no-preempt
start
wait 2
expect 1 master
mark
parent 1 down
wait 0.01
expect 1 fault lan0/1 lan1/10
within 0.4 2 master lan0/1 lan1/10
quiet lan2/11
expect 1 master lan2/11
parent 1 up
wait 2
expect 1 backup lan0/1 lan1/10
settled
