# What is tracked with a weight changes the priority; what is tracked without one is a fault of the
# whole sync group; what flickers for less than its delay changes nothing.
routers 2 2
objects 2
group lan0/1  sync SYNC1 priority 200 150 track 1 -100 1 0.5
group lan1/10 sync SYNC1 priority 200 150 track 2 0 1 0
start
wait 10
expect 1 master
runs-at 1 200

mark
object 1 1 down
wait 0.4
object 1 1 up
wait 5
quiet
runs-at 1 200

# Both members run at the lowest priority of either, and the other router preempts.
object 1 1 down
wait 0.6
runs-at 1 100
within 5 2 master
wait 1
expect 1 backup
object 1 1 up
wait 0.9
runs-at 1 100
within 6 1 master

object 1 2 down
within 0.5 2 master
expect 1 fault
free 1
object 1 2 up
wait 0.9
expect 1 fault
within 5 1 backup
within 5 1 master
settle
