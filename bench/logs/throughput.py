#!/usr/bin/env python3
"""How fast servers' output becomes rotated log files, and what that costs: Berth beside `cat > file`, s6-log, svlogd and
multilog, in one run. Each takes lines of 100 bytes from pipes that `cat` fills: from one writer, and from many at once,
each with a logger of its own (Berth has one for all). CPU is that of the loggers alone.

    bench/logs/throughput.py --berth build/release/src/cli/berth

Berth and the lines with "time" put the time before each line, and so write more bytes."""

import argparse
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

MIB = 1 << 20
SIZE = 16_000_000  # of a file, before the next one is begun; multilog takes no more
FILES = 3
LAST = b"the very last line"


class Source:
    """A file of lines, and the command that says them `times` times, and a last one."""

    def __init__(self, folder, mib):
        self.path = folder / f"lines-{mib}"
        line = b"0123456789" * 9 + b"abcdefghi\n"
        with open(self.path, "wb") as out:
            chunk = line * (MIB // len(line) + 1)
            for _ in range(mib):
                out.write(chunk[:MIB // len(line) * len(line)])
        self.bytes = self.path.stat().st_size

    def command(self, times):
        return f"exec cat {' '.join([str(self.path)] * times)} {self.path.parent}/last"


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peer(command, source, times, writers, folder):
    """Seconds and CPU seconds of `writers` loggers. `command(folder)` is one logger's, as a list, or a file for cat."""
    pids, loggers, cpu = [], [], 0.0
    begun = time.monotonic()
    for i in range(writers):
        own = folder / str(i)
        own.mkdir(parents=True)
        read_end, write_end = os.pipe()
        out = open(own / "cat.out", "wb") if command is cat else subprocess.DEVNULL
        loggers.append(subprocess.Popen(command(own), stdin=read_end, stdout=out, stderr=subprocess.DEVNULL))
        os.close(read_end)
        pids.append(subprocess.Popen(["/bin/sh", "-c", source.command(times)], stdout=write_end))
        os.close(write_end)
    for logger in loggers:
        _, status, usage = os.wait4(logger.pid, 0)
        logger.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
    seconds = time.monotonic() - begun
    for pid in pids:
        pid.wait()
    return seconds, cpu


def cat(folder):
    return ["cat"]


def s6_log(time_first):
    def command(folder):
        return ["s6-log", *(["T"] if time_first else []), f"n{FILES}", f"s{SIZE}", str(folder / "log")]
    return command


def svlogd(time_first):
    def command(folder):
        (folder / "log").mkdir()
        (folder / "log/config").write_text(f"s{SIZE}\nn{FILES + 1}\n")
        return ["svlogd", *(["-ttt"] if time_first else []), str(folder / "log")]
    return command


def multilog(time_first):
    def command(folder):
        return ["multilog", *(["t"] if time_first else []), f"n{FILES + 1}", f"s{SIZE}", str(folder / "log")]
    return command


class Berth:
    def __init__(self, program, folder, log_format):
        self.program, self.folder, self.format = str(program), folder, log_format
        self.environment = {**os.environ, "BERTH_RUNTIME_DIR": str(folder / "run"), "BERTH_LOG_DIR": str(folder / "logs"),
                            "BERTH_CONFIG": str(folder / "berth.toml")}

    def run(self, *args, check=True):
        return subprocess.run([self.program, *args], env=self.environment, check=check, capture_output=True, text=True)

    def up(self, servers):
        self.folder.mkdir(parents=True)
        text = ('name = "bench"\n[supervisor]\nstart_concurrency = 1024\n[defaults]\nready.probe = "none"\n'
                f'log.max_size = "{SIZE}B"\nlog.files = {FILES}\nlog.format = "{self.format}"\nrestart = "never"\n')
        for name, command in servers:
            text += f'[[servers]]\nname = "{name}"\ncommand = "/bin/sh"\nargs = ["-c", "{command}"]\n'
        (self.folder / "berth.toml").write_text(text)
        self.run("up", "-d")
        return int(self.run("status", "--json", check=False).stdout.split('"pid":')[1].split(",")[0])

    def throughput(self, source, times, writers):
        gate = self.folder / "gate"
        wait = f"while [ ! -e {gate} ]; do sleep 0.05; done; "
        pid = self.up([(f"w{i}", wait + source.command(times)) for i in range(writers)])
        time.sleep(0.5 + writers / 100)
        before, begun = cpu_of(pid), time.monotonic()
        gate.touch()
        waiting = [self.folder / f"logs/w{i}.log" for i in range(writers)]
        while waiting:
            time.sleep(0.01)
            waiting = [path for path in waiting if not ends_with_last(path)]
        seconds = time.monotonic() - begun
        cpu = cpu_of(pid) - before
        memory = int([line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                      if line.startswith("VmHWM")][0].split()[1]) / 1024
        self.run("down", check=False)
        return seconds, cpu, memory


def ends_with_last(path):
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 100))
            return LAST in file.read()
    except OSError:
        return False


def throughput(options, folder):
    (folder / "last").write_bytes(LAST + b"\n")
    for writers, mib, times in ((1, 64, options.mib // 64), (options.writers, 5, max(1, options.mib // 5 // options.writers))):
        source = Source(folder, mib)
        total = source.bytes * times * writers
        gib = total / (1 << 30)
        ways = [("cat > file", cat, None)]
        for name, make in (("s6-log", s6_log), ("svlogd", svlogd), ("multilog", multilog)):
            if shutil.which(name):
                ways += [(name, make(False), None), (name + ", time", make(True), None)]
        ways += [("berth", None, "text"), ("berth, json", None, "json")]
        results = {name: [] for name, _, _ in ways}
        memory = {}
        for _ in range(options.repeat):
            for name, command, log_format in ways:
                own = folder / "run"
                shutil.rmtree(own, ignore_errors=True)
                if command is not None:
                    results[name].append(peer(command, source, times, writers, own))
                else:
                    seconds, cpu, memory[name] = Berth(options.berth, own, log_format).throughput(source, times, writers)
                    results[name].append((seconds, cpu))
        print(f"\n{writers} writer{'s' if writers > 1 else ''}, {gib:.2f} GiB in all\n")
        print("| logger | MB/s | x cat | CPU s/GiB | x cat |\n|---|--:|--:|--:|--:|")
        middle = {name: (statistics.median(total / 1e6 / s for s, _ in runs), statistics.median(c / gib for _, c in runs))
                  for name, runs in results.items()}
        for name, (speed, cpu) in middle.items():
            base = middle["cat > file"]
            print(f"| {name} | {speed:.0f} | {speed / base[0]:.2f} | {cpu:.2f} | {cpu / base[1]:.2f} |")
        print("\nmost memory of Berth: " + ", ".join(f"{name} {mib:.0f} MiB" for name, mib in memory.items()))
        source.path.unlink()


def latency(options, folder):
    """How long `status` and a restart of another server take, while one floods and while none does."""
    print("\nbeside a flood, milliseconds: median and worst\n")
    print("| | status | restart --wait of another |\n|---|--:|--:|")
    flood = "exec yes 0123456789012345678901234567890123456789012345678901234567890123456789"
    for name, command in (("idle", "exec sleep 1000"), ("one floods", flood)):
        shutil.rmtree(folder / "run", ignore_errors=True)
        berth = Berth(options.berth, folder / "run", "text")
        berth.up([("flood", command), ("other", "exec sleep 1000")])
        time.sleep(1)
        row = []
        for args, times in ((("status", "--json"), 100), (("restart", "other", "--wait"), 40)):
            taken = []
            for _ in range(times):
                begun = time.monotonic()
                berth.run(*args, check=False)
                taken.append((time.monotonic() - begun) * 1000)
            row.append(f"{statistics.median(taken):.1f}, {max(taken):.1f}")
        print(f"| {name} | {row[0]} | {row[1]} |")
        berth.run("down", check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--berth", type=pathlib.Path, required=True, help="the program, of the release preset")
    parser.add_argument("--mib", type=int, default=1024, help="said in each run (1024)")
    parser.add_argument("--writers", type=int, default=200, help="at once, in the second part (200)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the one in the middle is shown (3)")
    parser.add_argument("--folder", type=pathlib.Path, help="where the logs go (a temporary folder)")
    options = parser.parse_args()
    options.berth = options.berth.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-", dir=options.folder))
    signal.signal(signal.SIGTERM, lambda *_: exit(143))
    try:
        throughput(options, folder)
        latency(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
