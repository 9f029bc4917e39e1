# Router 1 still speaks version 2, router 2 speaks both: they hear each other in either role, and a
# third, which speaks version 3 only, hears router 2.
routers 3 1
group lan0/1 version 2 3 3 both 0 1 0 priority 100 200 50
start
wait 10
expect 2 master
expect 1 backup
expect 3 backup
mark
wait 30
quiet

power-cut 2
within 4.1 1 master
boot 2
within 5 2 master
wait 1
expect 1 backup
# The last one has never heard the first, nor the first it, until both speak what both know.
change lan0/1 version 3 3 3 both 1 1 1
spread 1
wait 10
expect 2 master
settle
