# The master's engine is killed and started again: no transition anywhere, the addresses stay.
routers 2 2
group lan0/1  sync SYNC1 priority 254 253
group lan1/10 sync SYNC1 priority 254 253
start
wait 10
expect 1 master
mark

crash 1 0.05
wait 0.02
holds 1
wait 5
crash 1 1.5
wait 5
crash 2 0.05
wait 10
quiet
expect 1 master
holds 1
settled
