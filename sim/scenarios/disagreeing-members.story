# A sync group whose members start apart: one link comes up late, and on the other segment each
# router is the stronger one.  All members wait, then agree, and so do the routers.
routers 2 2
group lan0/1  sync SYNC1 priority 200 100
group lan1/10 sync SYNC1 priority 110 150 start-delay 1
link 1 lan1 down
start
within 4.7 2 master
expect 1 fault
link 1 lan1 up
wait 0.1
expect 1 backup
settle
# The lowest of each counts: 110 against 100.
expect 1 master
runs-at 1 110
runs-at 2 100
expect 2 backup
