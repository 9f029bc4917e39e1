# A group of both families is two virtual routers: each fails on its own, and together when they
# are in one sync group.
routers 2 2
group lan0/10   version 3 interval 0.5 priority 200 100
group lan0/10/6 version 3 interval 0.5 priority 200 100 addresses 3
group lan1/20   version 3 interval 0.5 priority 200 100 sync SYNC1
group lan1/20/6 version 3 interval 0.5 priority 200 100 sync SYNC1
start
wait 5
expect 1 master
settled
mark
reset 1 lan0/10/6
within 0.5 2 master lan0/10/6
quiet lan0/10 lan1/20 lan1/20/6
reset 1 lan1/20
within 0.5 2 master lan1/20 lan1/20/6
wait 5
power-cut 2
within 2 1 master
holds 1
settled
