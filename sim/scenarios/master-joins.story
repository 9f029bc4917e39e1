# A master that joins a sync group which was configured a moment ago, and has heard nobody, stays
# master and brings the sync group with it.  The other router gets the configuration later.
routers 2 2
group lan0/1  priority 200 100
group lan1/10 sync SYNC1 priority 200 100 absent
start
wait 10
expect 1 master lan0/1
mark
add lan1/10
wait 1
expect 1 backup lan1/10
change lan0/1 sync SYNC1
spread 1
wait 10
quiet lan0/1
expect 1 master
expect 2 backup
settled
