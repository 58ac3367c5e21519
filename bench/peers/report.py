#!/usr/bin/env -S python3 -B
"""From the results.json of a run: tables of medians, and the plot, beside it. `run` does this; by hand: report.py FILE"""

import json
import pathlib
import statistics
import sys

import plot

FLOOR = "floor-pipe"
# title, and columns: head, metric, whether with its ratio to the floor
TABLES = (
    ("Launch: from the command until all listen, ms", (
        ("10", "launch 10", True), ("100", "launch 100", True), ("500", "launch 500", True), ("1000", "launch 1000", True))),
    ("Respawn: from SIGKILL until the next one listens, ms", (("p50", "respawn p50", True), ("p99", "respawn p99", True))),
    ("Memory: proportional set size of the supervisor's processes", (
        ("at 100, KiB", "pss 100", True), ("at 500, KiB", "pss 500", True), ("each further server, KiB", "pss slope", True),
        ("processes at 100", "processes 100", False))),
    ("Idle with 100 servers", (
        ("context switches/s", "wakeups", False), ("CPU, ms/s", "idle cpu", False),
        ("CPU when it asks each every 10 s whether it listens, %", "health cpu", False))),
    ("Logs: one server, writes of 64 KiB", (
        ("MB/s", "flood", True), ("CPU s/GiB", "flood cpu", True), ("bytes lost", "flood lost", False),
        ("lines cut by a rotation", "flood cut", False))),
    ("Logs: one server, a write for each line of 100 bytes", (
        ("MB/s", "lines", True), ("CPU s/GiB", "lines cpu", True), ("bytes lost", "lines lost", False),
        ("lines cut by a rotation", "lines cut", False))),
    ("Stop 100 servers; the status of all: the whole command, ms", (
        ("stop 100", "stop 100", True), ("status of 100", "status 100", True), ("status of 500", "status 500", True))),
    ("Start with one server", (
        ("until it answers or listens, ms", "up", True), ("CPU of all its processes, ms", "up cpu", True),
        ("check of 1000 servers, CPU ms", "check 1000", False))),
)
MORE_IS_BETTER = ("flood", "lines")


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Results:
    """What was found, as medians. A value that is not there is None."""

    def __init__(self, data):
        self.data, self.facts, self.peers = data, data["facts"], list(data["facts"]["peers"])

    def found(self, metric, peer):
        return [one["value"] for one in self.data["values"].get(metric, {}).get(peer, [])]

    def samples(self, metric, peer):
        """The values of the repetitions."""
        if metric.startswith("respawn "):
            return [percentile(values, int(metric[-2:]) / 100) for values in self.found("respawn", peer)]
        if metric == "pss slope":
            return [(large - small) / 400 for small, large in zip(self.found("pss 100", peer), self.found("pss 500", peer))]
        return self.found(metric, peer)

    def value(self, metric, peer):
        if metric.startswith("respawn "):  # of all repetitions together
            pooled = [value for values in self.found("respawn", peer) for value in values]
            return percentile(pooled, int(metric[-2:]) / 100) if pooled else None
        samples = self.samples(metric, peer)
        return statistics.median(samples) if samples else None

    def cell(self, metric, peer):
        value, samples = self.value(metric, peer), self.samples(metric, peer)
        if value is None:
            return "-"
        value = int(value) if float(value).is_integer() else value
        return short(value) + (f" ({short(min(samples))}–{short(max(samples))})" if min(samples) != max(samples) else "")

    def ratio(self, metric, peer):
        value, floor = self.value(metric, peer), self.value(metric, FLOOR)
        return short(value / floor) if value is not None and floor else "-"


def short(value):
    if isinstance(value, int) or value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def head(results):
    facts = results.facts
    times = f"{facts['repeat']} repetitions" if facts["repeat"] > 1 else "1 repetition"
    out = [f"{times}, {facts['seconds']} s, {facts['processors']} processors, Linux {facts['kernel']}, seed {facts['seed']}"
           f"{', --quick' if facts['quick'] else ''}. Medians (least–most of the repetitions); × is to {FLOOR} of the same run."]
    if facts["berth_set"]:
        out.append("All Berths with " + ", ".join(f"`{one}`" for one in facts["berth_set"]) + ".")
    busy = facts["foreign_load"]
    if busy:
        middle, most = statistics.median(busy), max(busy)
        out.append(f"Just before the measurements other programs kept {middle:.2f} processors busy (median; {most:.2f} at "
                   f"most); load average {facts['load_before'][0]:.2f} before all of them.")
        if middle > 0.05 or most > 0.5:
            out.append("**The machine was busy: take the ratios, not the times, and do not trust these too far.**")
    return "\n".join(out)


def table(results, title, columns):
    columns = [one for one in columns if any(results.value(one[1], peer) is not None for peer in results.peers)]
    if not columns:
        return ""
    first = columns[0][1]

    def rank(peer):
        value = results.value(first, peer)
        return value is None, (value or 0) * (-1 if first in MORE_IS_BETTER else 1)

    out = [f"\n## {title}\n", "| peer |" + "".join(f" {name} |" + (" × |" if ratio else "") for name, _, ratio in columns),
           "|---|" + "".join("--:|" + ("--:|" if ratio else "") for _, _, ratio in columns)]
    for peer in sorted(results.peers, key=rank):
        row = f"| {peer} |"
        for _, metric, ratio in columns:
            row += f" {results.cell(metric, peer)} |" + (f" {results.ratio(metric, peer)} |" if ratio else "")
        out.append(row)
    return "\n".join(out)


def render(results):
    out = [head(results)] + [text for text in (table(results, *one) for one in TABLES) if text]
    notes = [f"- {peer}: {metric}: {sentence}"
             for peer, found in results.data["notes"].items() for metric, sentence in found.items()]
    notes += [f"- {peer}: left out: {why}" for peer, why in results.facts["absent"].items()]
    if notes:
        out.append("\n## Not measured\n\n" + "\n".join(notes))
    out.append("\n## Peers\n\n| peer | version | as quick as it permits | log capture |\n|---|---|---|---|")
    for peer, about in results.facts["peers"].items():
        out.append(f"| {peer} | {about['version']} | {about['settings']} | {about['capture']} |")
    return "\n".join(out)


def write(path):
    path = pathlib.Path(path)
    results = Results(json.loads(path.read_text()))
    text = render(results)
    (path.parent / "RESULTS.md").write_text(text + "\n")
    (path.parent / "peers.svg").write_text(plot.draw(results.value, results.peers))
    return text


if __name__ == "__main__":
    print(write(sys.argv[1]))
