# One VLAN is cut between the two routers, both of whose ports stay up (a switch lost it).  The
# backup still hears the master on the others: nothing moves, on no VLAN are there two masters.
routers 2 3
group lan0/1  sync SYNC1 priority 254 253 no-preempt
group lan1/10 sync SYNC1 priority 254 253 no-preempt
group lan2/11 sync SYNC1 priority 254 253 no-preempt
start
wait 10
expect 1 master
expect 2 backup
mark

cut lan1
wait 60
quiet

cut lan2
wait 60
quiet

repair lan1
repair lan2
wait 10
quiet
settled
