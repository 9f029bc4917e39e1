# The router whose own address is the virtual one is its owner: it runs at 255 and is master at
# once, though nobody preempts and the other is configured higher.  When the address goes from its
# interface, so does the rank, but not the mastership.
routers 2 1
group lan0/1 priority 200 100 no-preempt
start
wait 10
expect 1 master
change lan0/1 owner 0 1
spread
within 0.1 2 master
runs-at 2 255
within 0.1 1 backup
wait 5
settled

change lan0/1 owner 0 0
spread
wait 5
runs-at 2 100
expect 2 master

# An owner that starts does not listen first.
change lan0/1 owner 1 0
power-cut 1
wait 1
boot 1
within 0.01 1 master
wait 2
expect 2 backup
settle
