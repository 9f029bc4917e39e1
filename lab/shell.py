# SPDX-License-Identifier: GPL-2.0-or-later
"""
"make lab-shell": the seed pair, kept up, with a prompt from which either router is entered.
"""
import cmd
import shlex
import subprocess
import sys

from lab.network import LabError, end_on_signals
from lab.pair import CLIENTS, LINKS, Pair
from lab.router import BUILD, TOP

HELP = """\
  r1 | r2                    enter the router's shell ("exit" comes back here)
  r1 show vrrp               one command of the router; likewise r2
  cut r1                     cut its power: all processes, all cables
  start r1                   plug its cables in and start it
  stop r1                    stop its service in the orderly way
  unplug r1 [SEGMENT]        pull cables; SEGMENT is b0, v10, v11 or b1 (b0, b1 with real bonds)
  plug r1 [SEGMENT]          put them back
  log r1                     what it logged
  ping CLIENT ADDRESS        from c10, c11, cb0 or up
  sh PLACE [COMMAND]         a root shell or a command in r1, r2, sw, c10, c11, cb0 or up
  quit                       stop both and remove everything
"""


# Run a command on a host of the name given first, so that the prompt says where one is.
NAMED = ("unshare", "--uts", "sh", "-c", 'echo "$0" >/proc/sys/kernel/hostname; exec "$@"')


class LabShell(cmd.Cmd):
    prompt = "lab> "

    def __init__(self, pair):
        super().__init__()
        self.pair = pair

    def router(self, words):
        if not words or words[0] not in self.pair.routers:
            raise LabError("which router, r1 or r2?")
        return words[0]

    def onecmd(self, line):
        words = shlex.split(line)
        try:
            return self.obey(words) if words else False
        except (LabError, ValueError) as failure:
            print(failure)
        except KeyboardInterrupt:
            print()
        return False

    def obey(self, words):
        """Carry out one line; True = leave."""
        verb, rest = words[0], words[1:]
        if verb in self.pair.routers:
            router = self.pair.routers[verb]
            subprocess.run(router.space.command(
                *NAMED, verb, BUILD + "/src/cli/tandem", "--run-dir", router.run_dir,
                "--yang-dir", TOP + "/yang", *rest))
        elif verb == "cut":
            self.pair.power_cut(self.router(rest))
        elif verb == "start":
            self.pair.plug(self.router(rest))
            self.pair.start(self.router(rest))
        elif verb == "stop":
            self.pair.routers[self.router(rest)].stop()
        elif verb in ("unplug", "plug"):
            segment = rest[1] if len(rest) > 1 else None
            if segment not in (None, *LINKS):
                raise LabError("segments are " + ", ".join(LINKS))
            getattr(self.pair, verb)(self.router(rest), segment)
        elif verb == "log":
            print(self.pair.routers[self.router(rest)].log(), end="")
        elif verb == "ping" and len(rest) == 2 and rest[0] in CLIENTS:
            subprocess.run(self.pair.space(rest[0]).command(
                BUILD + "/lab/probe", "-r", "10", "-s", "3", rest[1]))
        elif verb == "sh" and rest and rest[0] in self.pair.network.spaces:
            subprocess.run(self.pair.space(rest[0]).command(*(rest[1:] or ["bash"])))
        elif verb in ("quit", "exit", "EOF"):
            return True
        else:
            print(HELP, end="")
        return False


def main():
    end_on_signals()
    print("Starting the pair ...", flush=True)
    try:
        with Pair() as pair:
            pair.start()
            print("Both routers run; r1 is master.\n" + HELP)
            LabShell(pair).cmdloop()
            print("Stopping ...", flush=True)
    except LabError as failure:
        print(f"lab: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
