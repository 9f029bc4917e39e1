# SPDX-License-Identifier: GPL-2.0-or-later
"""
The products, each behind the same words, so that a measurement treats all alike.

product(router).start()         write the configuration and start; returns when it runs
product.ready()                 does it say that it stands by, or rules, in every group?
product.stop() / kill()         orderly, as its service manager would / as a power cut does
product.set_priority(p)         every group, the way an operator would; returns when accepted
product.reset()                 give up mastership by hand; NotOffered where there is no such thing
product.add_address(key, a)     one more address for one group; returns the time of the request
product.processes()             {name: pid}; product.engine names those that speak VRRP

Those of bench/products/connections.py have words of their own: they keep connections, not
addresses.
"""
from bench.products.connections import Conntrackd, ConntrackdDirect, Nobody, Open
from bench.products.frr import Frr
from bench.products.keepalived import Keepalived, KeepalivedTuned
from bench.products.tandem import Tandem

PRODUCTS = {product.name: product for product in (Tandem, Keepalived, KeepalivedTuned, Frr,
                                                  Open, Conntrackd, ConntrackdDirect, Nobody)}
