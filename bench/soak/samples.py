"""What a supervisor uses, read from outside: /proc, its ledger, its folder of logs."""

import json
import os
from pathlib import Path

# What a row holds, in the order of the CSV.
COLUMNS = ["seconds", "crashes", "restarts", "ready", "pss_kib", "rss_kib", "private_dirty_kib", "guardian_pss_kib", "descriptors", "threads",
           "children", "zombies", "cpu_ms", "switches_voluntary", "switches_involuntary", "ledger_bytes", "ledger_entries", "logs_kib",
           "berth_log_kib", "status_ms", "loop_delay_ms", "dead_ports"]


def read(path):
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def fields(text):
    """`Name: 12 kB` lines as numbers by name."""
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found


def stat_fields(pid):
    """Those of /proc/PID/stat behind the name: the first is the state."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def start_time(pid):
    """With the pid it names a process for good; None when there is none."""
    words = stat_fields(pid)
    return words[19] if len(words) > 19 else None


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, read(task).split())
    return found


def processes_with(words):
    """Pids whose command line holds these words in a row, whole."""
    mark = "".join(f"{word}\0" for word in words)
    return [int(one) for one in os.listdir("/proc") if one.isdigit() and mark in read(f"/proc/{one}/cmdline")]


def folder_kib(folder, own):
    """The files of the servers, and Berth's own, in KiB."""
    sizes = [0, 0]
    try:
        for one in os.scandir(folder):
            try:
                sizes[one.name.startswith(own)] += one.stat().st_size
            except OSError:
                pass  # rotated away meanwhile
    except OSError:
        pass
    return sizes[0] / 1024, sizes[1] / 1024


def ledger(path):
    text = read(path)
    try:
        return len(text), len(json.loads(text)["instances"])
    except (ValueError, KeyError):
        return len(text), 0


class Sampler:
    """Rows about one supervisor. Counters come as rates from one row to the next."""

    def __init__(self, pid, guardian, folder):
        self.pid, self.guardian, self.folder = pid, guardian, folder
        self.last = None
        self.lasting_zombies = []  # in two rows: nobody has waited for them for seconds
        self._zombies = set()

    def row(self, seconds, cpu_ms, known):
        """`known`: what the driver knows itself. None for the first time: there is no rate yet."""
        memory = fields(read(f"/proc/{self.pid}/smaps_rollup"))
        voluntary = involuntary = threads = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            threads += 1
            switched = fields(read(task / "status"))
            voluntary += switched.get("voluntary_ctxt_switches", 0)
            involuntary += switched.get("nonvoluntary_ctxt_switches", 0)
        born = children(self.pid)
        dead = {(one, start_time(one)) for one in born if stat_fields(one)[:1] == ["Z"]}
        self.lasting_zombies += [pid for pid, _ in dead & self._zombies]
        self._zombies = dead
        logs, own = folder_kib(self.folder / "log", "berth.log")
        size, entries = ledger(self.folder / "run" / "ports.json")
        now = {"cpu_ms": cpu_ms, "switches_voluntary": voluntary, "switches_involuntary": involuntary}
        before, self.last = self.last, (seconds, now)
        if before is None:
            return None
        passed = seconds - before[0]
        return known | {name: (value - before[1][name]) / passed for name, value in now.items()} | {
            "seconds": seconds, "pss_kib": memory.get("Pss", 0), "rss_kib": memory.get("Rss", 0),
            "private_dirty_kib": memory.get("Private_Dirty", 0),
            "guardian_pss_kib": fields(read(f"/proc/{self.guardian}/smaps_rollup")).get("Pss", 0) if self.guardian else 0,
            "descriptors": len(os.listdir(f"/proc/{self.pid}/fd")), "threads": threads, "children": len(born),
            "zombies": len(dead), "ledger_bytes": size, "ledger_entries": entries, "logs_kib": logs, "berth_log_kib": own}


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0


def thinned(rows, most):
    """At most so many rows, each with the medians of those that it stands for."""
    if len(rows) <= most:
        return rows
    found = []
    for number in range(most):
        part = rows[number * len(rows) // most:(number + 1) * len(rows) // most]
        found.append({name: median([row[name] for row in part]) for name in COLUMNS})
    return found


def csv_text(rows):
    def word(value):
        return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return "\n".join([",".join(COLUMNS)] + [",".join(word(row[name]) for name in COLUMNS) for row in rows]) + "\n"
