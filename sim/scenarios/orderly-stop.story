# The service of the master is stopped in good order: it resigns and keeps its addresses until it
# has heard the next master, so that there is always somebody who holds them.
routers 2 2
group lan0/1  sync SYNC1 priority 200 100
group lan1/10 sync SYNC1 version 3 interval 0.5 priority 200 100
start
wait 10
expect 1 master
leave 1
holds 1
within 0.7 2 master
holds 1
holds 2
wait 0.1
free 1
holds 2
boot 1
settle
expect 1 master

# Nobody is there to follow: it does not wait for ever.
power-cut 2
wait 5
leave 1
wait 1.1
free 1
