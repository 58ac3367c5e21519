"""What is measured. A unit is one session of one supervisor in which as much as possible is measured; what it finds goes
to `found(metric, value)`, and a sentence about what could not be measured to `failed(metric, sentence)`."""

import os
import random
import signal
import socket
import statistics
import time

from lab import LISTENING, PRINTED, PRINTING, Endings, Failed, Session, cpu_seconds, has_ended, pss_kib, switches

LINE = b"0123456789" * 9 + b"012345678\n"
LAST = b"the very last line\n"
IN_100 = {"memory", "idle", "status", "respawn", "stop"}  # measured with the hundred servers of one session
IN_500 = {"memory", "status"}
KILL_PAUSE = 0.075  # so that a crash is one: Berth's defaults let eight be starting at once, for half a second each


def units(driver, works, first, quick):
    """The kinds of sessions that these works need, for one supervisor: names of functions of Unit."""
    kinds = ["n10", "n100"] if "launch" in works else []
    kinds += ["n100"] if works & IN_100 else []
    if works & (IN_500 | {"launch"}) and not quick and (first or not driver.slow_start):
        kinds.append("n500")
    kinds += ["n1000"] if "launch" in works and not quick and first and driver.thousand else []
    kinds += ["health"] if "health" in works and driver.watches else []
    kinds += [way for way in ("flood", "lines") if way in works]
    kinds += ["check"] if "check" in works and hasattr(driver, "check") else []
    kinds += ["up"] if "up" in works else []
    return list(dict.fromkeys(kinds))


class Unit:
    def __init__(self, kind, driver, options, works, found, failed):
        self.kind, self.driver, self.options, self.works = kind, driver, options, works
        self.found, self.failed = found, failed

    def run(self):
        getattr(self, self.kind)()

    def session(self, count):
        return Session(self.options.programs, count, self.options.folder)

    def launch(self, session, metric, seconds):
        """Starts all, and how long it took until the last one listened, in ms; the process that was started."""
        self.driver.prepare(session)
        process, begun = session.spawn(self.driver.command(session))
        last = session.all_listen(seconds, process)
        self.found(metric, (last - begun) / 1e6)
        return process

    def settle(self, session, uptime=None):
        began = time.monotonic()
        self.driver.settled(session, 100)
        uptime = self.driver.minimum_uptime if uptime is None else uptime
        time.sleep(max(0.0, uptime - (time.monotonic() - began)))
        session.records(0)
        session.reap()

    # --- units ---

    def n10(self):
        with self.session(10) as session:
            self.launch(session, "launch 10", 30)

    def n100(self):
        with self.session(100) as session:
            process = self.launch(session, "launch 100", 60)
            if self.works & IN_100:
                self.settle(session)
            for work in ("memory", "idle", "status", "respawn"):
                if work in self.works:
                    getattr(self, work)(session)
            if "stop" in self.works:
                self.stop(session, process)

    def n500(self):
        with self.session(500) as session:
            self.launch(session, "launch 500", 90)
            if self.works & IN_500:
                self.settle(session)
            for work in ("memory", "status"):
                if work in self.works:
                    getattr(self, work)(session)

    def n1000(self):
        with self.session(1000) as session:
            self.launch(session, "launch 1000", 120)

    def health(self):
        """What it pays for asking 100 servers every 10 s whether they listen, in percent of one processor."""
        with self.session(100) as session:
            session.health = "10s"
            self.launch(session, "launch 100, health", 60)
            self.settle(session)
            time.sleep(2)
            pids = session.supervisors()
            cpu, begun = cpu_seconds(pids), time.monotonic()
            time.sleep(self.options.health_seconds)
            self.found("health cpu", (cpu_seconds(pids) - cpu) / (time.monotonic() - begun) * 100)

    def flood(self):
        self.print("flood", self.options.flood_bytes)

    def lines(self):
        self.print("lines", self.options.lines_bytes)

    def check(self):
        """Processor time of validating a configuration of 1000 servers, in ms."""
        with self.session(1000) as session:
            self.driver.prepare(session)
            taken = []
            for _ in range(5):
                process, _ = session.spawn(self.driver.check(session))
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                if process.returncode != 0:
                    raise Failed(f"it ended with {process.returncode}: {session.tail()}")
                taken.append((usage.ru_utime + usage.ru_stime) * 1000)
            self.found("check 1000", statistics.median(taken))

    def up(self):
        """Time, and processor time of all its processes, from its start with one server until its command ends (when it
        puts itself in the background: then it answers) or until the server listens."""
        for _ in range(self.options.up_times):
            with self.session(1) as session:
                self.driver.prepare(session)
                process, begun = session.spawn(self.driver.command(session))
                if self.driver.detaches:
                    ended = self.command_ended(process.pid)
                    cpu = session.cpu()
                    session.all_listen(30, process)  # it must have worked
                else:
                    ended = session.all_listen(30, process)
                    cpu = session.cpu()
                self.found("up", (ended - begun) / 1e6)
                self.found("up cpu", cpu * 1000)

    # --- works within a session ---

    def memory(self, session):
        time.sleep(1)
        pids = session.supervisors()
        self.found(f"pss {session.count}", pss_kib(pids))
        self.found(f"processes {session.count}", len(pids))

    def idle(self, session):
        time.sleep(2)
        pids = session.supervisors()
        before, cpu, begun = switches(pids), cpu_seconds(pids), time.monotonic()
        time.sleep(self.options.idle_seconds)
        seconds = time.monotonic() - begun
        self.found("wakeups", (switches(pids) - before) / seconds)
        self.found("idle cpu", (cpu_seconds(pids) - cpu) * 1000 / seconds)

    def status(self, session):
        metric, command = f"status {session.count}", self.driver.status(session)
        try:
            session.run(command)
            self.found(metric, statistics.median(session.run(command)[1] * 1000 for _ in range(self.options.status_times)))
        except Failed as error:
            self.failed(metric, str(error))

    def respawn(self, session):
        """Kills servers, each once, one after the other; how long it takes until the next one listens on its port."""
        taken, end = [], time.monotonic() + self.options.respawn_seconds
        ports = list(session.pids)
        random.shuffle(ports)
        for port in ports[:self.options.respawn_times]:
            killed, listens, limit = session.pids[port], None, time.monotonic() + 10
            at = time.monotonic_ns()
            os.kill(killed, signal.SIGKILL)
            while listens is None and time.monotonic() < limit:
                for kind, where, pid, when in session.records(limit - time.monotonic()):
                    if kind == LISTENING and where == port and pid != killed:
                        listens = when
            if listens is None:
                self.failed("respawn", f"a killed server was not replaced within 10 s, after {len(taken)} that were")
                break
            taken.append((listens - at) / 1e6)
            if time.monotonic() > end:
                break
            time.sleep(KILL_PAUSE)
        if taken:
            self.found("respawn", taken)

    def stop(self, session, process):
        endings = Endings(list(session.pids.values()))
        begun = time.monotonic_ns()
        self.driver.stop(session, process)
        try:
            self.found("stop 100", (endings.wait(30) - begun) / 1e6)
        except Failed as error:
            self.failed("stop 100", str(error))

    def print(self, way, size):
        """How fast one server's output comes to its log, what that costs, and whether all of it does."""
        size = int(size * self.driver.print_scale) // len(LINE) * len(LINE)
        with self.session(1) as session:
            session.printing = [way, str(size)]
            self.driver.prepare(session)
            process, _ = session.spawn(self.driver.command(session))
            session.all_listen(30, process)
            self.settle(session, 0.3)
            cpu, port = session.cpu(), session.first_port
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            begun = self.said(session, PRINTING, 5)
            self.said(session, PRINTED, self.options.print_seconds)
            self.last_line(session, port)
            cpu = session.cpu() - cpu
            files = self.driver.log_files(session, port)
            ended = max(path.stat().st_mtime_ns for path in files) - (time.time_ns() - time.monotonic_ns())
            kept = whole = 0
            for path in files:
                text = path.read_bytes()
                kept += len(text)
                whole += text.count(LINE)
            if self.driver.prefix_bytes:  # it keeps lines whole, or has lost something
                kept = whole * len(LINE) + len(LAST)
            self.found(way, size / 1e6 / ((ended - begun) / 1e9))
            self.found(f"{way} cpu", cpu / (size / (1 << 30)))
            self.found(f"{way} lost", size + len(LAST) - kept)
            self.found(f"{way} cut", size // len(LINE) - whole)

    @staticmethod
    def said(session, wanted, seconds):
        """Waits until the server says this; when that was."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for kind, _, _, at in session.records(deadline - time.monotonic()):
                if kind == wanted:
                    return at
        raise Failed(f"the server was not done printing after {seconds} s")

    def last_line(self, session, port):
        deadline = time.monotonic() + self.options.print_seconds
        while time.monotonic() < deadline:
            for path in self.driver.log_files(session, port):
                try:
                    with open(path, "rb") as file:
                        file.seek(max(0, path.stat().st_size - 200))
                        if LAST in file.read():
                            return
                except FileNotFoundError:
                    pass  # has become an older one meanwhile
            time.sleep(0.02)
        raise Failed("the last line never came to the log")

    @staticmethod
    def command_ended(pid):
        """Waits until it has ended, and leaves it to be reaped; when that was."""
        limit = time.monotonic() + 30
        while not has_ended(pid):
            if time.monotonic() > limit:
                raise Failed("it was not in the background after 30 s")
            time.sleep(0.0005)
        return time.monotonic_ns()
