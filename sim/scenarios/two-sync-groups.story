# The shape of a provisioned gateway: the native group of lan0 is in vgroup1, all others are in
# SYNC1.  A reset of lan0/1 moves vgroup1 only: the two halves are then master on different routers,
# which is why such a configuration gets a warning.
routers 2 4
group lan0/1  sync vgroup1 priority 254 253 no-preempt
group lan1/10 sync SYNC1   priority 254 253 no-preempt
group lan2/11 sync SYNC1   priority 254 253 no-preempt
group lan3/1  sync SYNC1   priority 254 253 no-preempt
start
wait 10
expect 1 master
mark

reset 1 lan0/1
within 0.05 2 master lan0/1
wait 10
expect 1 backup lan0/1
expect 2 master lan0/1
expect 1 master lan1/10 lan2/11 lan3/1
quiet lan1/10 lan2/11 lan3/1

# Likewise a failed link of lan0 alone moves nothing else (and no resignation can leave by it: the
# partner waits for its down interval).
reset 2 lan0/1
wait 10
expect 1 master
mark
link 1 lan0 down
within 3.02 2 master lan0/1
wait 10
quiet lan1/10 lan2/11 lan3/1
