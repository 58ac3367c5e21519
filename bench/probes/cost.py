#!/usr/bin/env -S python3 -B
"""What does it cost to ask many servers how they are?

Starts N servers (the hostile child at its best: 2 MiB each), once with the health probe and once with `probe = "none"`,
and tells how much processor time and memory the supervisor took in the minutes after all were ready. A status is asked
for only before and after.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "lab"))
import berthlab as lab  # noqa: E402


def measure(label, options, health):
    blocks = [lab.server(f"s{number}", lab.hostile(), [], **health) for number in range(options.servers)]
    head = f"[supervisor]\nstart_concurrency = {min(64, options.servers)}\n"
    with lab.Project("\n".join(blocks), ports=options.servers + 50, name="cost", head=head) as project:
        began = time.monotonic()
        project.up(seconds=300)
        up = time.monotonic() - began
        pid = project.status()["pid"]
        time.sleep(5)  # what belongs to the start is over
        cpu, rss = lab.cpu_ms(pid), lab.rss_kib(pid)
        time.sleep(options.minutes * 60)
        spent = (lab.cpu_ms(pid) - cpu) / options.minutes
        after = lab.rss_kib(pid)
        servers = project.status()["servers"]
        ready = sum(one["ready"] for one in servers)
        restarts = sum(one["restarts"] for one in servers)
    print(f"{label:18} {options.servers:7} {up:8.1f} s {spent:10.1f} {rss / 1024:9.1f} {after / 1024:9.1f} {ready:6} {restarts:9}",
          flush=True)
    return ready == options.servers and restarts == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="?", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--interval", default="10s")
    options = parser.parse_args()
    if options.minutes > 4:
        sys.exit("the servers end by themselves after ten minutes: at most --minutes 4")
    print(f"{'health':18} servers   all up  CPU ms/min   RSS MiB     after  ready  restarts")
    good = measure('probe = "none"', options, {"health__probe": "none"})
    for probe in ("listen", "http"):
        good &= measure(f"{probe}, {options.interval}", options, {"health__probe": probe, "health__interval": options.interval})
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
