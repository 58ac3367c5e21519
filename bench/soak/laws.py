"""What has to be flat, and how flat; and what is drawn."""

from samples import median

# Of the storm, the median of the last quarter may be the one of the first times (1 + share), and `slack` more. Memory:
# what an allocator keeps moves by less than a megabyte. What is timed gets more room: the machine does other things.
FLAT = [  # column, what, share, slack, unit
    ("private_dirty_kib", "private dirty memory", 0.03, 512, "KiB"),
    ("pss_kib", "proportional memory (PSS)", 0.03, 768, "KiB"),
    ("rss_kib", "resident memory (RSS)", 0.03, 768, "KiB"),
    ("guardian_pss_kib", "PSS of the guardian", 0.03, 256, "KiB"),
    ("descriptors", "open descriptors", 0, 6, ""),
    ("threads", "threads", 0, 0, ""),
    ("children", "children", 0, 3, ""),
    ("cpu_ms", "processor time", 0.3, 10, "ms/s"),
    ("switches_voluntary", "context switches, voluntary", 0.3, 50, "/s"),
    ("switches_involuntary", "context switches, involuntary", 1.0, 100, "/s"),
    ("ledger_bytes", "ledger file", 0.03, 1024, "B"),
    ("ledger_entries", "ledger entries", 0, 2, ""),
    ("logs_kib", "folder of logs, berth.log aside", 0.1, 256, "KiB"),
    ("status_ms", "`berth status --json`", 1.0, 20, "ms"),
    ("loop_delay_ms", "delay of the event loop", 1.0, 5, "ms"),
]

PANELS = [  # title, curves: label, column, scale
    ("memory, MiB", [("private dirty", "private_dirty_kib", 1 / 1024), ("PSS", "pss_kib", 1 / 1024), ("RSS", "rss_kib", 1 / 1024)]),
    ("open descriptors", [("", "descriptors", 1)]),
    ("threads", [("", "threads", 1)]),
    ("children", [("zombies", "zombies", 1), ("all", "children", 1)]),
    ("processor time, ms a second", [("", "cpu_ms", 1)]),
    ("switches a second", [("voluntary", "switches_voluntary", 1), ("involuntary", "switches_involuntary", 1)]),
    ("ledger of ports", [("entries", "ledger_entries", 1)]),
    ("ledger file, KiB", [("", "ledger_bytes", 1 / 1024)]),
    ("folder of logs, MiB", [("servers", "logs_kib", 1 / 1024), ("berth.log", "berth_log_kib", 1 / 1024)]),
    ("berth status --json, ms", [("", "status_ms", 1)]),
    ("delay of the event loop, ms", [("", "loop_delay_ms", 1)]),
    ("crashes and restarts so far", [("restarts", "restarts", 1), ("crashes", "crashes", 1)]),
]


def slope(rows, column):
    """Least squares, per hour."""
    times, values = [row["seconds"] for row in rows], [row[column] for row in rows]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    return 3600 * sum((time - middle) * (value - mean) for time, value in zip(times, values)) / spread if spread else 0.0


def judge(rows, servers, log_bound_kib):
    """A table for people, and a sentence for each law that is broken."""
    if len(rows) < 8:
        return "", [f"only {len(rows)} samples: too few to judge"]
    quarter = len(rows) // 4
    first, last = rows[:quarter], rows[-quarter:]
    lines, broken = [f"{'':34}{'first quarter':>14}{'last quarter':>14}{'at most':>12}{'trend/hour':>12}"], []
    for column, what, share, slack, unit in FLAT:
        before, after = median([row[column] for row in first]), median([row[column] for row in last])
        most = before * (1 + share) + slack
        bad = after > most
        lines.append(f"{what:34}{before:14.1f}{after:14.1f}{most:12.1f}{slope(rows, column):+12.1f} {unit}{'  BROKEN' if bad else ''}")
        if bad:
            broken.append(f"{what} grew from {before:.1f} to {after:.1f} {unit}; {most:.1f} is the bound")
    if max(row["logs_kib"] for row in rows) > log_bound_kib:
        broken.append(f"the folder of logs reached {max(row['logs_kib'] for row in rows):.0f} KiB; its settings allow {log_bound_kib:.0f}")
    if max(row["ledger_entries"] for row in rows) > servers + 1:
        broken.append(f"the ledger had {max(row['ledger_entries'] for row in rows)} entries for {servers + 1} servers at most")
    if max(row["dead_ports"] for row in rows):
        broken.append("ports were dead on the way")
    return "\n".join(lines), broken
