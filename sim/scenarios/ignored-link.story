# Groups that ignore that their own interface is down (track exclude-vrrp-interface).  A master stays
# what it is, though nobody hears it; a backup that hears nobody becomes master.  As soon as the link
# is there again one of the two gives in, and whoever stays makes itself known.
routers 2 2
group lan0/1 sync SYNC1 priority 200 100 no-preempt ignores-link
group lan1/2 sync SYNC1 priority 200 100 no-preempt
start
wait 10
expect 1 master

link 1 lan0 down
wait 10
expect 1 master
holds 1
alarm 1 transmit lan0/1
expect 2 backup
link 1 lan0 up
wait 2
no-alarm 1 transmit lan0/1
expect 1 master
expect 2 backup

cut lan1
link 2 lan0 down
within 4 2 master
repair lan1
within 1.01 2 backup
link 2 lan0 up
wait 10
expect 1 master

# The other member's interface is watched as ever.
link 1 lan1 down
within 0.7 2 master
expect 1 fault
free 1
link 1 lan1 up
wait 10
settled
