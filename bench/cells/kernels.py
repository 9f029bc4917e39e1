# SPDX-License-Identifier: GPL-2.0-or-later
"""
(h) Connections between two kernels: the master here, the backup in a virtual machine.  Routers that
share a kernel share its lock, and one's listener makes the other's kernel build events; these do
not.  The machine is emulated where the processor does not offer better, and all is several times
slower there: ratios count.
"""
import platform
import shutil

from bench.cells import Case, Column, Limit
from bench.cells.connections import Usage, plant
from bench.half import pair_of_kernels
from bench.products.connections import KEEPERS

COUNT = 200000


def has_machine():
    """lab/vm takes QEMU from its package where it is not installed."""
    return platform.machine() == "x86_64" and (shutil.which("qemu-system-x86_64")
                                               or shutil.which("apt-get"))


def measure_kernels(case):
    """
    storm: connections come into being as fast as the master's kernel takes them; bulk: the backup
    starts, and the master has them.
    """
    def measure(product, turn):
        with pair_of_kernels(KEEPERS[product.name], case, str(COUNT), nat=False,
                             at_once=True) as (keeper, machine):
            machine.hear()                  # it is up: the cables have another end
            keeper.start_master()
            if case == "storm":
                machine.hear()              # it stands by
                usage = Usage(keeper)
                plant(keeper, "fill", COUNT)
            else:
                plant(keeper, "fill", COUNT)
                usage = Usage(keeper)
                with open(keeper.gateway.keys + "/go", "w"):
                    pass
            there = machine.hear()
            used = usage.stop()
            return {"": {"rate": there["rate"], "sender": used["r1"] / COUNT * 1e6,
                         "receiver": there["cpu"], "machine": there["machine"],
                         "bytes": used["bytes"] / COUNT,
                         "rss": max(usage.rss(), there["rss"]), "never": there["never"]}}
    return measure


COLUMNS = (Column("rate", "put in|a second", 0), Column("sender", "µs a flow|master", 2),
           Column("receiver", "µs a flow, emulated:|backup", 2),
           Column("machine", "whole|machine", 2), Column("bytes", "bytes|a flow", 0),
           Column("rss", "RSS|MiB", 0), Column("never", "never|there", 0))


def cases():
    direct = {"peer": "conntrackd-direct"}
    limits = (Limit("", "rate", least=3, **direct), Limit("", "sender", most=1 / 3, **direct),
              Limit("", "receiver", most=1 / 3, **direct), Limit("", "bytes", most=1 / 2, **direct),
              Limit("", "rss", most=1 / 3, **direct), Limit("", "never", most=0))
    for case, title in (("storm", f"two kernels, {COUNT:,} connections made at once"),
                        ("bulk", f"two kernels, the backup starts from nothing and the other has "
                         f"{COUNT:,} connections")):
        yield Case("h", f"two-kernels-{case}", title, COLUMNS, measure_kernels(case),
                   refuses=lambda product: None if has_machine() else
                   "the second kernel needs QEMU, and an x86_64 machine", seconds=27, apart=True,
                   products=("tandem", "conntrackd-direct"), limits=limits)
