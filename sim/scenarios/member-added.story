# A member added to a master sync group is master with it, and no other notices; likewise when it
# is removed.  The configuration comes to the other router later.
routers 2 3
group lan0/1  sync SYNC1 priority 200 100
group lan1/10 sync SYNC1 priority 200 100
group lan2/11 sync SYNC1 priority 200 100 absent
start
wait 10
expect 1 master lan0/1 lan1/10
mark
add lan2/11
wait 0.1
expect 1 master lan2/11
holds 1
wait 20
quiet lan0/1 lan1/10
settled
mark
remove lan1/10
wait 20
quiet lan0/1 lan2/11
change lan1/10 present
spread 3
wait 10
quiet lan0/1 lan2/11
expect 1 master
settled
