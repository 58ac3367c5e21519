"""What every measurement needs: a session (one supervisor with its servers), what its processes cost, and an end without
leftovers. The measuring process is the subreaper of all that it starts, so whatever is below it belongs to the run."""

import ctypes
import fcntl
import os
import pathlib
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

RECORD = struct.Struct("=IIIIQ")  # as in tinyserver.c
LISTENING, PRINTING, PRINTED = 1, 2, 3
PR_SET_CHILD_SUBREAPER = 36
F_SETPIPE_SZ = 1031


class Failed(Exception):
    """A measurement that could not be made; the sentence says why."""


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def stat_fields(pid):
    """Those of /proc/PID/stat behind the name: state, parent, ..."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rsplit(b")", 1)[1].split()


def descendants():
    """The processes below this one."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children.setdefault(int(stat_fields(entry)[1]), []).append(int(entry))
            except (OSError, IndexError):
                pass
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def is_zombie(pid):
    try:
        return stat_fields(pid)[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return True


def of_threads(pids, name, value):
    """The sum of value(lines) of /proc/PID/task/*/NAME."""
    total = 0
    for pid in pids:
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/{name}", encoding="ascii", errors="replace") as file:
                    total += value(file.readlines())
        except OSError:
            pass
    return total


def has_ended(pid):
    """How a child has ended, which is left to be reaped; None while it lives, and when it was reaped."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None


def cpu_seconds(pids):
    """What the threads that live have used, to the nanosecond."""
    return of_threads(pids, "schedstat", lambda lines: int(lines[0].split()[0])) / 1e9


def switches(pids):
    """Context switches, voluntary and not: how often anything ran."""
    return of_threads(pids, "status", lambda lines: sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line))


def pss_kib(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total


def machine_busy(seconds=0.2):
    """How many processors the machine keeps busy while this program sleeps."""
    def used():
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(word) for word in file.readline().split()[1:]]
        return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")
    before = used()
    time.sleep(seconds)
    return (used() - before) / seconds


def free_ports(count):
    """The first of `count` ports in a row, below the ephemeral ones, on which nobody listens."""
    taken = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{name}", encoding="ascii") as file:
                taken |= {int(line.split()[1].rsplit(":", 1)[1], 16) for line in list(file)[1:]}
        except OSError:
            pass
    for _ in range(1000):
        first = random.randrange(10000, 32000 - count)
        if not taken & set(range(first, first + count)):
            return first
    raise Failed("there are no free ports in a row")


class Session:
    """One supervisor and its servers: a folder of its own, a FIFO in which the servers say when they listen."""

    def __init__(self, programs, count, parent):
        self.programs, self.count = programs, count
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="session-", dir=parent))
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)
        self.reader = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.fcntl(self.reader, F_SETPIPE_SZ, 1 << 20)
        except OSError:
            pass  # 64 KiB hold 2730 records, too
        self.first_port = free_ports(count)
        self.pids = {}  # of servers, by port
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        self.reaped_cpu = 0.0
        self.health = None  # or the interval, as text
        self.printing = []  # what else the servers get as arguments

    def __enter__(self):
        return self

    def __exit__(self, *_):
        kill_all()
        os.close(self.reader)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def ports(self):
        return range(self.first_port, self.first_port + self.count)

    def server_command(self, port):
        return [str(self.programs / "tinyserver"), str(port), str(self.fifo), *self.printing]

    def spawn(self, command):
        """Starts a process in a session of its own, what it prints in a file; with the time just before."""
        with open(self.folder / "spoken", "ab") as spoken:
            begun = time.monotonic_ns()
            process = subprocess.Popen([str(word) for word in command], env=self.environment, cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=spoken, stderr=spoken, start_new_session=True)
        return process, begun

    def run(self, command, timeout=60):
        """Runs a command to its end; its output and how long it took, in seconds."""
        begun = time.monotonic()
        try:
            done = subprocess.run([str(word) for word in command], env=self.environment, cwd=self.folder, timeout=timeout,
                                  stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            raise Failed(f"`{command[0]}` took more than {timeout} s") from None
        taken = time.monotonic() - begun
        if done.returncode != 0:
            raise Failed(f"`{command[0]}` ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()[:200]}")
        return done.stdout, taken

    def records(self, seconds):
        """What the servers have said; waits up to `seconds` for something."""
        if not select.select([self.reader], [], [], max(0.0, seconds))[0]:
            return []
        found = []
        for kind, port, pid, _, at in RECORD.iter_unpack(os.read(self.reader, 1 << 20)):
            if kind == LISTENING:
                self.pids[port] = pid
            found.append((kind, port, pid, at))
        return found

    def all_listen(self, seconds, process):
        """Waits until every server listens; the time at which the last one did. Fails when `process` does."""
        deadline, last = time.monotonic() + seconds, 0
        while len(self.pids) < self.count:
            left = deadline - time.monotonic()
            ended = has_ended(process.pid)
            if ended and ended.si_status != 0:
                raise Failed(f"it ended with {ended.si_status}: {self.tail()}")
            if left <= 0:
                raise Failed(f"after {seconds:.0f} s {len(self.pids)} of {self.count} servers listened; it said: {self.tail()}")
            for kind, _, _, at in self.records(min(left, 0.5)):
                if kind == LISTENING:
                    last = max(last, at)
            time.sleep(0.002)  # the records say when; this program need not be there in time, and should not disturb
        return last

    def supervisors(self):
        """All processes of the session but the servers."""
        tiny = str(self.programs / "tinyserver")
        return [pid for pid in descendants() if not is_zombie(pid) and program_of(pid) != tiny]

    def reap(self):
        """Takes what has ended and is ours, and adds up its processor time."""
        while True:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.reaped_cpu += usage.ru_utime + usage.ru_stime

    def cpu(self):
        """What the supervisor's processes have used so far, those that have ended included."""
        self.reap()
        return self.reaped_cpu + cpu_seconds(self.supervisors())

    def tail(self):
        """The end of what it has said."""
        try:
            text = (self.folder / "spoken").read_text(errors="replace").strip()[-300:]
            return re.sub(r"\x1b\[[0-9;]*m", "", text)
        except OSError:
            return ""


def kill_all():
    """SIGKILL to all below this process until nothing is left there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for pid in descendants():  # parents first, so that nobody starts a dead one again
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while True:
            try:
                if os.wait4(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                return
        time.sleep(0.002)
    raise Failed("processes are left that do not end")


class Endings:
    """Watches processes end, from before they are asked to."""

    def __init__(self, pids):
        self.poll, self.left, self.size = select.poll(), set(), len(pids)
        for pid in pids:
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            self.left.add(descriptor)
            self.poll.register(descriptor, select.POLLIN)

    def wait(self, seconds):
        """The time at which the last one has ended."""
        deadline = time.monotonic() + seconds
        try:
            while self.left:
                found = self.poll.poll(max(0.0, (deadline - time.monotonic()) * 1000))
                if not found:
                    raise Failed(f"after {seconds:.0f} s {len(self.left)} of {self.size} servers had not ended")
                for descriptor, _ in found:
                    self.poll.unregister(descriptor)
                    self.left.discard(descriptor)
                    os.close(descriptor)
            return time.monotonic_ns()
        finally:
            for descriptor in self.left:
                os.close(descriptor)
