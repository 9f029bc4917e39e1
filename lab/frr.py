# SPDX-License-Identifier: GPL-2.0-or-later
"""
FRR's VRRP daemon, with the zebra it needs, in a space of the laboratory.  Both get a view of the
file system in which the places they write to are folders of the laboratory.

FRR wants one macvlan per virtual router and family, made by the administrator: in bridge mode,
with the virtual MAC and the virtual addresses on it.  The daemon takes them up and down.  Its
IPv6 adverts come from the first link-local address of that macvlan.
"""
import json
import os
import pwd
import shutil
import signal
import subprocess

from lab.network import LabError, alive, wait_for

DAEMONS = "/usr/lib/frr/"
USER = "frr"


def available():
    return os.path.exists(DAEMONS + "vrrpd") and os.path.exists(DAEMONS + "zebra")


class VirtualRouter:
    """What is configured for one VRID on one link."""

    def __init__(self, vrid, priority, addresses, *, version=3, interval_ms=1000, preempt=True):
        self.vrid = vrid
        self.priority = priority
        self.addresses = addresses
        self.version = version
        self.interval_ms = interval_ms
        self.preempt = preempt

    def of_family(self, family):
        return [a for a in self.addresses if (":" in a) == (family == 6)]

    def lines(self):
        me = f"vrrp {self.vrid}"
        lines = [f"{me} version {self.version}", f"{me} priority {self.priority}",
                 f"{me} advertisement-interval {self.interval_ms}"]
        if not self.preempt:
            lines.append(f"no {me} preempt")
        return lines + [f"{me} {'ipv6' if ':' in a else 'ip'} {a}" for a in self.addresses]

    def links(self, link):
        """Lines for ip(8) that make its macvlans."""
        lines = []
        for family in (4, 6):
            addresses = self.of_family(family)
            if not addresses:
                continue
            name = f"vrrp{family}-{self.vrid}"
            lines += [f"link add link {link} name {name} address "
                      f"00:00:5e:00:0{family // 2 - 1}:{self.vrid:02x} type macvlan mode bridge",
                      f"link set {name} addrgenmode none"]
            if family == 6:
                addresses = [f"fe80::f:{self.vrid}", *addresses]
            lines += [f"address add {a}/{32 if family == 4 else 64} dev {name}"
                      + (" nodad" if family == 6 else "") for a in addresses]
            lines.append(f"link set {name} up")
        return lines


class Frr:
    """zebra and vrrpd of one router."""

    def __init__(self, space, folder, link, routers):
        self.space = space
        self.folder = os.path.join(folder, "frr")
        self.link = link
        self.routers = routers
        self.processes = {}
        user = pwd.getpwnam(USER)
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in ("", "/run", "/run/frr", "/tmp"):
            os.makedirs(self.folder + path)
            os.chown(self.folder + path, user.pw_uid, user.pw_gid)
        text = f"interface {link}\n" + "".join(
            f" {line}\n" for router in routers for line in router.lines())
        for name, content in (("zebra.conf", ""), ("vrrpd.conf", text)):
            with open(f"{self.folder}/run/{name}", "w") as file:
                file.write(content)

    def _popen(self, name):
        mounts = f"mount --bind {self.folder}/tmp /var/tmp && mount --bind {self.folder}/run /run"
        with open(f"{self.folder}/{name}.log", "w") as log:
            self.processes[name] = self.space.popen(
                "unshare", "--mount", "sh", "-c", mounts + ' && exec "$@"', "sh", DAEMONS + name,
                "-f", f"/run/{name}.conf", "-i", f"/run/frr/{name}.pid",
                "-z", "/run/frr/zserv.api", "--vty_socket", "/run/frr", "-P", "0",
                "--log", "stdout", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def start(self):
        self.space.ip("\n".join(line for router in self.routers
                                for line in router.links(self.link)))
        self._popen("zebra")
        wait_for(lambda: self._serves("zserv.api"), 20, "zebra")
        self._popen("vrrpd")

    def _serves(self, name):
        for daemon, process in self.processes.items():
            if process.poll() is not None:
                raise LabError(f"{daemon} ended with {process.returncode}:\n" + self.log())
        return os.path.exists(f"{self.folder}/run/frr/{name}")

    def wait_started(self):
        wait_for(lambda: self._serves("vrrpd.vty") and self.states(), 20, "vrrpd")

    def terminate(self):
        """Begin an orderly stop: masters resign."""
        self.processes["vrrpd"].send_signal(signal.SIGTERM)

    def wait_ended(self):
        self.processes["vrrpd"].wait(30)
        self.processes["zebra"].send_signal(signal.SIGTERM)
        self.processes["zebra"].wait(30)
        self._clean()
        self._remove_links()

    def kill(self):
        """End it at once, as a power cut does."""
        for name in ("vrrpd", "zebra"):
            process = self.processes[name]
            if alive(process.pid):
                process.kill()
            process.wait()
        self._clean()

    def _clean(self):
        shutil.rmtree(self.folder + "/run/frr")
        os.makedirs(self.folder + "/run/frr")
        user = pwd.getpwnam(USER)
        os.chown(self.folder + "/run/frr", user.pw_uid, user.pw_gid)
        self.processes = {}

    def _remove_links(self):
        """They are made anew at the next start."""
        names = {f"vrrp{family}-{router.vrid}" for router in self.routers for family in (4, 6)}
        self.space.ip("\n".join(f"link delete {link['ifname']}" for link in self.space.show("link")
                                if link["ifname"] in names))

    def show(self):
        """What "show vrrp json" says: a list of virtual routers."""
        done = self.space.run("vtysh", "--vty_socket", f"{self.folder}/run/frr", "-d", "vrrpd",
                              "-c", "show vrrp json", timeout=30, stdin=subprocess.DEVNULL)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return []

    def states(self):
        """(family, VRID) -> MASTER, BACKUP or INITIALIZE."""
        if not self.processes or self.processes["vrrpd"].poll() is not None:
            return {}
        return {(family, router["vrid"]): router[f"v{family}"]["status"].upper()
                for router in self.show() for family in (4, 6) if router[f"v{family}"]["addresses"]}

    def transitions(self):
        """(family, VRID) -> how often it changed its state."""
        return {(family, router["vrid"]): router[f"v{family}"]["stats"]["transitions"]
                for router in self.show() for family in (4, 6)}

    def log(self):
        found = ""
        for name in ("zebra", "vrrpd"):
            try:
                with open(f"{self.folder}/{name}.log", errors="replace") as file:
                    found += "".join(line for line in file if "Refusing to start" not in line)
            except OSError:
                continue
        return found
