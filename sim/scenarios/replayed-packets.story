# Packets with an authentication header, sent again by somebody who kept them: nobody believes them,
# not even a router that was not there when they were first sent.
routers 3 1
group lan0/1 priority 200 150 100 no-preempt auth ah
start
wait 10
expect 1 master
power-cut 3
wait 10
reset 1 lan0/1
wait 5
expect 2 master
boot 3
wait 10
mark
replay lan0/1 200 20
wait 5
quiet
settled
