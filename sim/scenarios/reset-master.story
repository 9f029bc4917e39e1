# "reset vrrp master": the sync group moves at once; the old master keeps forwarding until it hears
# the new one, so that there is always somebody who holds the addresses.
routers 2 2
group lan0/1  sync SYNC1 priority 254 253 no-preempt
group lan1/10 sync SYNC1 priority 254 253 no-preempt
start
wait 10
expect 1 master

reset 1 lan0/1
expect 1 backup
holds 1
within 0.05 2 master
holds 1
holds 2
wait 0.2
free 1
wait 10
expect 2 master
settled

# Nobody else is there to take over: it is master again after its own down interval, and the
# addresses never left.
power-cut 1
wait 5
reset 2 lan0/1
expect 2 backup
wait 2
holds 2
within 1.1 2 master
holds 2
