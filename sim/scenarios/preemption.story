# With preemption the router of higher priority becomes master when it comes back, after its
# preempt-delay, and without a moment in which nobody is master.
routers 2 2
group lan0/1  sync SYNC1 priority 200 100 preempt-delay 5
group lan1/10 sync SYNC1 priority 200 100 preempt-delay 5
start
wait 10
expect 1 master

power-cut 1
within 3.7 2 master
boot 1
wait 4.5
expect 1 backup
within 5 1 master
within 0.01 2 backup
settled

# A new priority moves it by configuration alone.
priority 2 250
within 10 2 master
wait 1
expect 1 backup
settled
