# A backup stands still while the master speaks on and then dies: what waits in its queue counts
# from when it arrived, so it takes over in time, neither at once nor a down interval too late.
routers 2 1
group lan0/1 priority 200 100
start
wait 10.5
expect 1 master
freeze 2 3
wait 1.7
power-cut 1
wait 1.4
expect 2 backup
# The last advertisement came at 12.0 s; silence ends at 15.61 s.
wait 0.9
expect 2 backup
within 1.12 2 master

# One that stood still for longer than its down interval listens first, whatever is in its queue.
boot 1
wait 10
expect 1 master
freeze 2 10
wait 5
power-cut 1
wait 5.1
expect 2 backup
wait 3.4
expect 2 backup
within 0.2 2 master
