#!/usr/bin/env -S python3 -B
"""How long until a server that no longer answers has been replaced by one that does?

Stops a ready server (SIGSTOP), or blocks its only thread while the kernel goes on accepting, and takes the time until it
is ready again as another process, for several settings. Beside it: what that may take at most by the settings,

    interval                        the last good answer may have been just now
  + (failures - 1) x interval       the failures are an interval apart
  + timeout                         and each takes this long to be sure of, of which only the last one adds up
                                    (all of them, where the next probe waits for the last one: the looser bound)
  + stop.timeout                    a stopped process does not hear SIGTERM
  + the time that a start takes     launch, listen, ready.settle, answer

and a server that blocks for 2.5 s under the default settings, which must not be restarted. Exit code 1 when a server was
not replaced within the looser bound and a second, or was replaced for its pause.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "lab"))
import berthlab as lab  # noqa: E402

SETTINGS = {
    "fast": {"interval": 1.0, "timeout": 1.0, "failures": 2},
    "default": {"interval": 10.0, "timeout": 3.0, "failures": 3},
}
STOP = 2.0  # seconds; stop.timeout
START = 2.0  # seconds; launch, settle and one answer, with room


def bounds(setting):
    base = setting["interval"] * setting["failures"] + STOP + START
    return base + setting["timeout"], base + setting["timeout"] * setting["failures"]


def keys(setting):
    return {"health__interval": f"{setting['interval']:g}s", "health__timeout": f"{setting['timeout']:g}s",
            "health__failures": setting["failures"], "stop__timeout": f"{STOP:g}s"}


def once(how, setting):
    """Seconds until it is ready again, and what it was said to be: or None when it never was."""
    args = [] if how == "stopped" else ["--block-when=gate", "--misbehave-times=1", "--count-file=starts"]
    with lab.Project(lab.server("it", lab.hostile(), args, **keys(setting)), name="stop") as project:
        project.up()
        before = project.server("it")
        # Not always at the same moment after a probe.
        time.sleep(random.uniform(0, setting["interval"]))
        began = time.monotonic()
        if how == "stopped":
            os.kill(before["pid"], signal.SIGSTOP)
        else:
            (project.folder / "gate").write_text("")
        _, doubted = project.until("it", lambda one: one["state"] != "ready", bounds(setting)[1] + 1)
        noticed = time.monotonic() - began
        one, good = project.until("it", lambda one: one["state"] == "ready" and one["pid"] != before["pid"],
                                  max(0.0, bounds(setting)[1] + 1 - noticed))
        took = time.monotonic() - began
        if not good or not doubted:
            return None, None, one["detail"]
        return noticed, took, f"{one['last_exit']['cause']}: {one['last_exit']['message']}"


def pause(seconds, health):
    """A server that does nothing for a while: its restarts, whether there was any, and its detail."""
    args = ["--block-when=gate", f"--block-ms={int(seconds * 1000)}"]
    with lab.Project(lab.server("it", lab.hostile(), args, **health), name="pause") as project:
        project.up()
        (project.folder / "gate").write_text("")
        one, bad = project.until("it", lambda one: one["restarts"] or one["starts"] != 1, 15)
        return one["restarts"], bad, one["detail"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="of each (default 5)")
    parser.add_argument("--fast", action="store_true", help="without the default settings, which take half a minute a run")
    options = parser.parse_args()
    wrong = 0
    print("what     setting                        noticed  ready again: min  median  max    bound  loose  told")
    for label, setting in SETTINGS.items():
        if options.fast and label == "default":
            continue
        words = f"{setting['interval']:g}s, {setting['timeout']:g}s, {setting['failures']} failures"
        for how in ("stopped", "blocked"):
            found = [once(how, setting) for _ in range(options.runs)]
            times = [took for _, took, _ in found if took is not None]
            tight, loose = bounds(setting)
            if times:
                noticed = statistics.median(one for one, took, _ in found if took is not None)
                print(f"{how:8} {label + ': ' + words:30} {noticed:6.1f} s          {min(times):6.1f} {statistics.median(times):6.1f} "
                      f"{max(times):6.1f}   {tight:5.1f}  {loose:5.1f}  {found[0][2]}", flush=True)
            missing = len(found) - len(times)
            if missing:
                print(f"{how:8} {label + ': ' + words:30} FAILED: {missing} of {len(found)} never replaced: {found[-1][2]}", flush=True)
                wrong += missing
    # With the default interval a pause may fall between two probes; with one of a second it cannot.
    for words, health in (("the default settings", {}), ("these and interval 1s", {"health__interval": "1s"})):
        restarts, bad, detail = pause(2.5, health)
        print(f"a pause of 2.5 s under {words}: {restarts} restarts ({detail})", flush=True)
        wrong += bool(bad)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
