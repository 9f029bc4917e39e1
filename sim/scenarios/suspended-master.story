# A virtual machine is stopped, clock and all, and goes on later: no time has passed for it, it
# still believes to be master.  It hears the other one within its interval, and the stronger stays.
routers 2 1
clock 1 100
clock 2 -100
group lan0/1 priority 100 200 no-preempt
start
wait 10
expect 2 master
suspend 2 20
within 3.7 1 master
wait 16
expect 1 master
wait 2
within 0.1 1 backup
expect 2 master
settle
