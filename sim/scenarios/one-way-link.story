# Router 2 does not hear router 1, which hears it: router 2 becomes master as it must, router 1
# stays, and says so to a person.  When the cable is mended there is one master again at once.
routers 2 1
group lan0/1 priority 200 100
start
wait 10
expect 1 master
cut lan0 1 2
within 4 2 master
wait 5
expect 1 master
alarm 1 one-way
alarm 1 two-masters
no-alarm 2 one-way
repair lan0 1 2
within 1.01 2 backup
wait 5
no-alarm 1 one-way
expect 1 master
settled
