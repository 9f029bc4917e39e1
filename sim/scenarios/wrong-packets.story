# A stream of wrong packets about a group, each with one thing wrong and each claiming the highest
# priority or a resignation: nobody moves, and no advertisement is late (rule R5).
routers 2 1
group lan0/1 priority 254 253
start
wait 10
mark
forge lan0/1 1000 50
quiet
expect 1 master
settled
