#!/usr/bin/env -S python3 -B
"""Does a busy machine make Berth restart servers that are well?

50 servers (harbour-tools, and some on Node.js when there is one), each asked every second, beside two busy loops for
each processor. Counts restarts and moments of `unhealthy`; there must be none. Exit code 1 when there is one.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "lab"))
import berthlab as lab  # noqa: E402

NODE = ("require('http').createServer((q, r) => { r.writeHead(204); r.end(); })"
        ".listen(Number(process.env.PORT), process.env.HOST)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=10)
    parser.add_argument("--servers", type=int, default=50)
    parser.add_argument("--node", type=int, default=5, help="how many of them run on Node.js (default 5)")
    parser.add_argument("--interval", default="1s")
    parser.add_argument("--loops", type=int, default=2 * (os.cpu_count() or 1), help="busy loops (default: 2 a processor)")
    options = parser.parse_args()
    on_node = options.node if shutil.which("node") else 0
    health = {"health__interval": options.interval}
    names = [f"s{number}" for number in range(options.servers)]
    blocks = [lab.server(name, "node", ["-e", NODE], **health) if at < on_node else
              lab.server(name, lab.harbour_tools(), ["--tools", "clock"], **health) for at, name in enumerate(names)]
    with lab.Project("\n".join(blocks), ports=options.servers + 20, name="alarm") as project:
        project.up(seconds=300)
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.loops)]
        unhealthy = 0
        looks = 0
        slowest = 0.0
        try:
            end = time.monotonic() + options.minutes * 60
            while time.monotonic() < end:
                asked = time.monotonic()
                states = [one["state"] for one in project.status()["servers"]]
                slowest = max(slowest, time.monotonic() - asked)
                unhealthy += sum(state != "ready" for state in states)
                looks += 1
                time.sleep(0.5)
        finally:
            for one in busy:
                one.send_signal(signal.SIGKILL)
                one.wait()
        servers = project.status()["servers"]
        log = project.log()
        told = len(re.findall(r" is unhealthy", log))
        seen = len(re.findall(r" is ready", log))
    restarts = sum(one["restarts"] for one in servers)
    starts = sum(one["starts"] for one in servers)
    print(f"{options.servers} servers ({on_node} on Node.js), asked every {options.interval}, beside {options.loops} busy loops on "
          f"{os.cpu_count()} processors for {options.minutes:g} minutes")
    print(f"restarts {restarts}, starts {starts}, seen not ready {unhealthy} times in {looks} looks, told unhealthy {told} times, "
          f"told ready {seen} times; the slowest answer of the supervisor took {slowest * 1000:.0f} ms")
    sys.exit(0 if restarts == unhealthy == told == 0 and starts == options.servers else 1)


if __name__ == "__main__":
    main()
