# The kernel refuses half of what it is asked for and takes its time for the rest: nobody's state
# depends on it, and when it is well again addresses are where they belong.
routers 2 2
group lan0/1  sync SYNC1 priority 200 100
group lan1/10 sync SYNC1 priority 200 100
start
wait 10
kernel 1 0.5 50
kernel 2 0.5 50
mark
wait 20
quiet
reset master lan0/1
wait 20
heal
settle
holds 1
free 2
