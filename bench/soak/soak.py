#!/usr/bin/env -S python3 -B
"""A day of life in an hour: many servers that crash, log, flood and are reloaded, under one Berth that is watched.

First the record that Berth keeps of each server is filled (a crash after the other, of all at once), and all else is done
once, so that memory that still grows after is memory that grows for ever. Then, for so many minutes: a crash a second
(SIGKILL, SIGSEGV and exit code 1 in turn, of a server that the seed chooses), a flood of output every ten seconds, a
reload a minute (a server is added, a key changed, the server removed), `berth status --json` every second, logs, events,
explain and ports now and then, a scrape of the metrics. A sample of what the supervisor uses is taken every few seconds.
At the end each law is told with its numbers; exit code 1 when one is broken. Nothing is left behind.

--out DIR writes soak.csv (at most 400 rows) and soak.svg there.
"""

import argparse
import heapq
import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import berthlab as lab  # noqa: E402
import chart  # noqa: E402
import laws  # noqa: E402
import samples  # noqa: E402

WAYS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGUSR1]  # the last one: soak_server ends with code 1
EVENTS_KEPT = 200  # of each server; README.md
EXTRA = "extra"  # the server that reloads add and remove; it is not crashed, as its counters go with it
LOG_FILES, LOG_KIB = 2, 32
FLOOD_BYTES = 256 * 1024
HEAD = f"""
[supervisor]
start_concurrency = 64
[defaults]
ready = {{ probe = "listen", settle = "100ms" }}
health = {{ probe = "listen", interval = "5s" }}
backoff = {{ initial = "100ms", max = "500ms", reset_after = "10s" }}
log = {{ max_size = "{LOG_KIB}KiB", files = {LOG_FILES} }}
"""


class Soak:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.program = lab.find_program("SOAK_SERVER", "bench/soak_server")
        self.servers = {f"s{number:03}": {} for number in range(options.servers)}  # name -> what a reload has changed
        self.crashes = dict.fromkeys(self.servers, 0)
        self.killed = {}  # name -> the pid that was told to die
        self.resting = {}  # name -> the pid that a reload ends: not to be crashed meanwhile
        self.broken = []  # sentences
        self.rows = []
        self.status_ms = []
        self.loop_delay = (0.0, 0.0)
        self.ways = self.reloads = self.turns = self.floods = 0
        self.warm = self.recovery = 0.0
        self.sampler = None
        self.project = lab.Project(self.blocks(), ports=options.servers + 20, name="soak", head=HEAD)
        self.began = time.monotonic()

    def blocks(self):
        """The [[servers]] of the configuration, as they are to be now."""
        texts = []
        for name, keys in self.servers.items():
            more = {key: value for key, value in keys.items() if key != "rate"}
            texts.append(lab.server(name, self.program, [keys.get("rate", 3), FLOOD_BYTES], **more))
        return "\n".join(texts)

    def write_config(self):
        new = self.project.config.with_suffix(".new")
        new.write_text(f"[ports]\nrange = [{self.project.first}, {self.project.last}]\n{HEAD}\n{self.blocks()}")
        new.replace(self.project.config)

    def fail(self, sentence):
        if len(self.broken) < 30:
            self.broken.append(sentence)
            print(f"{self.now():7.1f} s  BROKEN: {sentence}", flush=True)

    def now(self):
        return time.monotonic() - self.began

    def command(self, *words, expect=(0,)):
        done = self.project.run(*words)
        if done.returncode not in expect:
            self.fail(f"`berth {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()[:300]}")
        return done

    # What is done, now and then.

    def look(self):
        """`berth status --json`, as a user runs it; how long it took."""
        begin = time.monotonic()
        done = self.command("status", "--json", expect=(0, 3))
        self.status_ms.append((time.monotonic() - begin) * 1000)
        return json.loads(done.stdout) if done.stdout else self.project.status()

    def alive(self, status):
        """Name and pid of those that may be crashed: ready, and nothing is under way with them."""
        found = []
        for one in status["servers"]:
            name, pid = one["name"], one["pid"]
            if not one["ready"] or name not in self.crashes:
                continue
            if self.resting.get(name) not in (None, pid):
                del self.resting[name]
            if name not in self.resting and self.killed.get(name) != pid:
                found.append((name, pid))
        return found

    def crash(self, name, pid):
        way = WAYS[self.ways % len(WAYS)]
        self.ways += 1
        os.kill(pid, way)
        self.killed[name] = pid
        self.crashes[name] += 1

    def second(self):
        able = self.alive(self.look())
        if able:
            self.crash(*self.dice.choice(able))

    def flood(self):
        able = self.alive(self.project.status())
        if able:
            self.floods += 1
            os.kill(self.dice.choice(able)[1], signal.SIGUSR2)

    def ask(self):
        """Each of the commands that only read, in turn."""
        name = self.dice.choice(list(self.crashes))
        all_of_them = [("logs", "-n", "20", name), ("events", name), ("explain", name), ("ports", "--json"), ("logs", "-n", "3"),
                       ("explain", name, "--json"), ("status",), ("events",)]
        words = all_of_them[self.turns % len(all_of_them)]
        self.turns += 1
        if not self.command(*words, expect=(0, 3)).stdout:
            self.fail(f"`berth {' '.join(words)}` said nothing")

    def metrics(self):
        text = self.project.get("/metrics").decode()
        samples_of = (line.rpartition(" ") for line in text.splitlines() if line[:1] not in ("#", ""))
        return {name: float(value) for name, _, value in samples_of}

    def reload(self):
        """Adds a server, changes a key of one (one that is applied live, one that needs a restart, in turn), removes the
        server."""
        step, self.reloads = self.reloads, self.reloads + 1
        if step % 3 == 0:
            self.servers[EXTRA] = {"rate": 2}
        elif step % 3 == 2:
            self.servers.pop(EXTRA, None)
        else:
            name = self.dice.choice(list(self.crashes))
            if step % 2:
                self.servers[name]["health__interval"] = f"{self.dice.randrange(4000, 6000)}ms"
            else:
                self.servers[name]["rate"] = round(self.dice.uniform(2.5, 3.5), 2)
                self.resting[name] = self.project.server(name)["pid"]
        self.write_config()
        self.command("reload")
        end = time.monotonic() + 30
        while (EXTRA in self.servers) != any(one["name"] == EXTRA and one["ready"] for one in self.project.status()["servers"]):
            if time.monotonic() > end:
                return self.fail(f"30 s after a reload `{EXTRA}` is not as the configuration has it")
            time.sleep(0.05)
        return None

    def sample(self):
        status = self.project.status()
        found = self.metrics()
        delays = (found["berth_event_loop_delay_seconds_count"], found["berth_event_loop_delay_seconds_sum"])
        fired, late = delays[0] - self.loop_delay[0], delays[1] - self.loop_delay[1]
        self.loop_delay = delays
        row = self.sampler.row(self.now(), lab.cpu_ms(self.sampler.pid), {
            "crashes": sum(self.crashes.values()), "ready": sum(one["ready"] for one in status["servers"]),
            "restarts": sum(one["restarts"] for one in status["servers"] if one["name"] in self.crashes),
            "dead_ports": len(status["ports"]["dead"]), "status_ms": samples.median(self.status_ms),
            "loop_delay_ms": late / fired * 1000 if fired else 0.0})
        self.status_ms.clear()
        if row:
            self.rows.append(row)

    # The story.

    def start(self):
        self.project.up(seconds=180)
        mine = samples.processes_with(["-p", self.project.name])
        guardian = next((one for one in mine if samples.read(f"/proc/{one}/comm").strip() == "berth-guardian"), None)
        self.sampler = samples.Sampler(self.project.status()["pid"], guardian, self.project.folder)

    def recorded(self):
        """How many events are kept of the server that has the fewest."""
        kept = dict.fromkeys(self.crashes, 0)
        for line in self.command("events").stdout.splitlines():
            name = json.loads(line)["server"]
            kept[name] = kept.get(name, 0) + 1
        return min(kept.values())

    def fill_records(self, seconds):
        """Crashes all that are ready, again and again, until as much is kept of each as is ever kept."""
        end, next_look, next_sample = self.now() + seconds, 0.0, 0.0
        full = False
        while not full and self.now() < end:
            for name, pid in self.alive(self.project.status()):
                self.crash(name, pid)
            if self.now() >= next_sample:
                self.look()
                self.sample()
                next_sample = self.now() + self.options.sample
            if self.now() >= next_look:
                full = self.recorded() >= EVENTS_KEPT
                next_look = self.now() + 5
            time.sleep(0.2)
        if not full:
            print(f"after {seconds:.0f} s not all records are full: memory may still grow by what is missing", flush=True)
        # And everything else once: files of logs as many as there will be, buffers as long, every command.
        for name, pid in self.alive(self.quiet(60)[1]):
            os.kill(pid, signal.SIGUSR2)
            time.sleep(0.05)
        for _ in range(8):
            self.ask()
        for _ in range(6):
            self.reload()
        self.quiet(60)
        self.warm = self.now()
        print(f"{self.warm:7.1f} s  all has been done once, with {sum(self.crashes.values())} crashes; the storm begins", flush=True)

    def storm(self):
        options = self.options
        plan = [(1.0, self.second), (10.0, self.flood), (3.0, self.ask), (15.0, self.metrics), (options.reload, self.reload),
                (options.sample, self.sample), (60.0, self.tell)]
        end = self.now() + options.minutes * 60
        due = [(self.now() + period, number) for number, (period, _) in enumerate(plan)]
        heapq.heapify(due)
        while due[0][0] < end:
            at, number = heapq.heappop(due)
            time.sleep(max(0.0, at - self.now()))
            plan[number][1]()
            # What was late is not made up for: that would be another load than the one that is told.
            heapq.heappush(due, (max(at + plan[number][0], self.now()), number))

    def tell(self):
        if self.rows:
            row = self.rows[-1]
            print(f"{self.now():7.1f} s  {sum(self.crashes.values())} crashes, {row['ready']} ready, private dirty {row['private_dirty_kib']} KiB, "
                  f"{row['descriptors']} descriptors, cpu {row['cpu_ms']:.0f} ms/s, status {row['status_ms']:.0f} ms", flush=True)

    def quiet(self, seconds):
        """Waits until all are ready; whether they are, and the last status."""
        end = time.monotonic() + seconds
        while True:
            status = self.project.status()
            if all(one["ready"] and one["pid"] != self.killed.get(one["name"]) for one in status["servers"]):
                return True, status
            if time.monotonic() > end:
                return False, status
            time.sleep(0.1)

    def account(self):
        """After the storm: nobody is missing, and nothing happened that was not done to them."""
        begin = time.monotonic()
        good, status = self.quiet(30)
        self.recovery = time.monotonic() - begin
        if not good:
            missing = [f"{one['name']} ({one['state']}: {one['detail']})" for one in status["servers"] if not one["ready"]]
            self.fail(f"30 s after the storm not all are ready: {', '.join(missing)}")
        counted = {one["name"]: one["restarts"] for one in status["servers"]}
        for name, crashes in self.crashes.items():
            if counted.get(name) != crashes:
                self.fail(f"{name} crashed {crashes} times and was restarted {counted.get(name)} times")
        for one in status["ports"]["dead"]:
            self.fail(f"port {one['port']} is dead: {one['reason']}, {one['holder']}")
        for name, value in self.metrics().items():
            if name.startswith("berth_server_log_dropped_bytes_total") and value:
                self.fail(f"output was dropped: {name} is {value:.0f}")
            if name.startswith("berth_server_restarts_total") and 'cause="crash"' not in name and value:
                self.fail(f"a restart that no crash had asked for: {name} is {value:.0f}")
        for pid in self.sampler.lasting_zombies:
            self.fail(f"pid {pid} was a zombie in two samples in a row")

    def take_down(self):
        self.command("down", "--timeout", "60s")
        left = lab.processes_of(self.project.name)
        if left:
            self.fail(f"left after `berth down`: {len(left)} processes of servers, {left[:5]}")
        own = samples.processes_with(["-p", self.project.name])
        if own:
            self.fail(f"left after `berth down`: processes of Berth, {own}")
        if (self.project.folder / "run" / f"{self.project.name}.sock").exists():
            self.fail("left after `berth down`: its socket")
        ports = json.loads(self.command("ports", "--json").stdout)
        if ports["instances"] or ports["dead"]:
            self.fail(f"left in the ledger after `berth down`: {ports}")

    def run(self):
        options = self.options
        print(f"{options.servers} servers, {options.minutes:g} minutes, seed {options.seed}, {lab.berth()}", flush=True)
        self.start()
        self.fill_records(options.fill)
        self.storm()
        self.account()
        self.take_down()
        judged = [row for row in self.rows if row["seconds"] > self.warm]
        bound = (options.servers + 1) * (LOG_FILES + 1) * (LOG_KIB + 1)
        table, found = laws.judge(judged, options.servers, bound)
        print(table, flush=True)
        for sentence in found:
            self.fail(sentence)
        if options.out:
            self.write(Path(options.out))
        print(f"{sum(self.crashes.values())} crashes, {self.reloads} reloads, {self.floods} floods; all ready again {self.recovery:.1f} s after "
              f"the storm; {len(self.broken) or 'no'} laws broken", flush=True)
        return 1 if self.broken else 0

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        rows = samples.thinned(self.rows, 400)
        (folder / "soak.csv").write_text(samples.csv_text(rows))
        panels = [(title, [(label, [row[name] * scale for row in rows]) for label, name, scale in curves]) for title, curves in laws.PANELS]
        head = (f"{self.options.servers} servers, {self.options.minutes:g} minutes of a crash a second: {sum(self.crashes.values())} crashes, "
                f"{self.reloads} reloads (grey: the records fill, not judged)")
        (folder / "soak.svg").write_text(chart.svg(head, panels, [row["seconds"] for row in rows], self.warm))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of the storm (default 60)")
    parser.add_argument("--servers", type=int, default=100)
    parser.add_argument("--seed", type=int, default=None, help="where all choices come from (default: a random one, printed)")
    parser.add_argument("--sample", type=float, default=5, help="seconds between two samples (default 5)")
    parser.add_argument("--reload", type=float, default=60, help="seconds between two reloads (default 60)")
    parser.add_argument("--fill", type=float, default=600, help="seconds that filling the records may take (default 600)")
    parser.add_argument("--berth", help="another build of Berth")
    parser.add_argument("--server", help="another build of soak_server")
    parser.add_argument("--out", metavar="DIR", help="write soak.csv and soak.svg there")
    options = parser.parse_args()
    for name, path in (("BERTH", options.berth), ("SOAK_SERVER", options.server)):
        if path:
            os.environ[name] = path
    if options.seed is None:
        options.seed = random.randrange(1, 2**31)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # twenty core dumps a minute would fill the disk
    soak = Soak(options)
    with soak.project:
        try:
            code = soak.run()
        except Exception as error:
            print(f"the run was broken off: {error!r}{soak.project.tail()}", flush=True)
            raise
    sys.exit(code)


if __name__ == "__main__":
    main()
