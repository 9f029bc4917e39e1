# After a reset even a router that preempts accepts the weaker one, for a down interval; then the
# stronger one is back, within a second one.
routers 2 1
group lan0/1 priority 200 100
start
wait 10
expect 1 master
reset 1 lan0/1
within 0.7 2 master
wait 3
expect 1 backup
expect 2 master
within 3.7 1 master
wait 1
settled
