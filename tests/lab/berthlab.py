"""Berth driven from Python, as a user and a client see it: for measurements and for tables, not for unit tests.

Everything is private to a project: configuration, ledger, socket, logs, ports; and gone when it is closed.
"""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Ended from outside, a program still closes what it has opened.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def find_program(variable, *built):
    """The program that an environment variable names, or else the newest build of it."""
    named = os.environ.get(variable)
    places = [Path(named)] if named else [ROOT / "build" / preset / path for path in built for preset in ("release", "dev")]
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return str(place.resolve())
    sys.exit(f"no such program: {' or '.join(map(str, places))}; build it, or set {variable}")


def berth():
    return find_program("BERTH", "src/cli/berth")


def hostile():
    return find_program("HOSTILE", "tests/hostile/hostile")


def harbour_tools():
    return find_program("HARBOUR_TOOLS", "examples/quickstart/harbour-tools")


def can(command):
    """Has this berth that command?"""
    shown = subprocess.run([berth(), "--help"], capture_output=True, text=True, check=False).stdout
    return any(line.split()[:1] == [command] for line in shown.splitlines())


def free_ports(count):
    """First and last of so many neighbouring ports that nobody has, below those that the kernel gives away."""
    for _ in range(200):
        first = random.randrange(10_000, 32_000 - count)
        taken = []
        try:
            for port in range(first, first + count):
                one = socket.socket(socket.AF_INET6)
                taken.append(one)
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                one.bind(("::", port))
            return first, first + count - 1
        except OSError:
            continue
        finally:
            for one in taken:
                one.close()
    raise RuntimeError(f"no {count} free ports in a row")


def toml(value):
    """A string, number, bool, list or table as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def server(name, command, args=(), **keys):
    """One [[servers]] block. Keys with two underscores are nested: health__interval="1s"."""
    lines = ["[[servers]]", f"name = {toml(name)}", f"command = {toml(str(command))}", f"args = {toml(list(map(str, args)))}"]
    lines += [f"{key.replace('__', '.')} = {toml(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Project:
    """One supervisor with its servers. `with Project(text) as project: project.up()`"""

    def __init__(self, servers, ports=20, name="lab", head="", env=None):
        self.folder = Path(tempfile.mkdtemp(prefix="bl-", dir="/tmp"))  # not TMPDIR: a socket path must be short
        self.name = f"{name}-{os.getpid()}-{self.folder.name[3:]}"
        self.first, self.last = ports if isinstance(ports, tuple) else free_ports(ports)
        self.config = self.folder / "berth.toml"
        self.config.write_text(f"[ports]\nrange = [{self.first}, {self.last}]\n{head}\n{servers}")
        (self.folder / "run").mkdir(mode=0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("BERTH_", "XDG_"))} | (env or {})
        if "BERTH_CGROUPS" in os.environ:
            self.env["BERTH_CGROUPS"] = os.environ["BERTH_CGROUPS"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, command, *args, seconds=60):
        """Runs a berth command; its CompletedProcess."""
        words = [berth(), command, "-c", str(self.config), "-p", self.name, "--runtime-dir", str(self.folder / "run"),
                 "--log-dir", str(self.folder / "log"), "--color", "never", *map(str, args)]
        return subprocess.run(words, capture_output=True, text=True, timeout=seconds, env=self.env, check=False,
                              stdin=subprocess.DEVNULL)

    def up(self, *names, wait=True, seconds=120):
        words = ["-d", *names] + (["--wait", "--timeout", f"{seconds}s"] if wait else [])
        done = self.run("up", *words, seconds=seconds + 30)
        if wait and done.returncode != 0:
            raise RuntimeError(f"berth up ended with {done.returncode}: {done.stderr}{self.tail()}")
        return done

    def get(self, path):
        """What the control socket answers."""
        connection = _UnixConnection(str(self.folder / "run" / f"{self.name}.sock"), 30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def status(self):
        """The status document, straight from the socket: it may be asked often."""
        return json.loads(self.get("/v1/status"))

    def server(self, name):
        return next(one for one in self.status()["servers"] if one["name"] == name)

    def until(self, name, good, seconds, pause=0.02):
        """Waits until good(server) and returns the server; after the time, returns how it is then, and False."""
        end = time.monotonic() + seconds
        while True:
            one = self.server(name)
            if good(one):
                return one, True
            if time.monotonic() > end:
                return one, False
            time.sleep(pause)

    def url(self, name):
        return self.run("url", name).stdout.strip()

    def log(self):
        try:
            return (self.folder / "log" / "berth.log").read_text(errors="replace")
        except OSError:
            return ""

    def tail(self):
        return "\n" + "\n".join(self.log().splitlines()[-15:])

    def close(self):
        try:
            pid = self.status()["pid"]
        except OSError:
            pid = None
        try:
            self.run("down", "--timeout", "40s", seconds=60)
        finally:
            # What a broken Berth forgets: only what bears this project's name.
            if pid and Path(f"/proc/{pid}").exists() and f"-p\0{self.name}\0" in _read(f"/proc/{pid}/cmdline"):
                os.kill(pid, signal.SIGKILL)
            for one in processes_of(self.name):
                try:
                    os.kill(one, signal.SIGKILL)
                except OSError:
                    pass
            shutil.rmtree(self.folder, ignore_errors=True)


def _read(path):
    try:
        return Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def processes_of(project):
    """Pids whose environment bears the mark of a project's servers."""
    mark = f"BERTH_PROJECT={project}"
    return [int(one) for one in os.listdir("/proc") if one.isdigit() and mark in _read(f"/proc/{one}/environ").split("\0")]


def cpu_ms(pid):
    """Processor time that the threads of one process have had so far, in ms."""
    return sum(int(_read(one).split()[0]) for one in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e6


def rss_kib(pid):
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def connections(port):
    """How many TCP connections have this port at the server's side, by state name; TIME_WAIT is nobody's any more."""
    names = {"01": "ESTABLISHED", "04": "FIN_WAIT1", "05": "FIN_WAIT2", "08": "CLOSE_WAIT", "09": "LAST_ACK"}
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in _read(table).splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] in names:
                found[names[fields[3]]] = found.get(names[fields[3]], 0) + 1
    return found


def options_probe(port, path="/mcp", host="127.0.0.1", address="127.0.0.1", seconds=5.0):
    """The standing probe, byte for byte as src/app/prober.cpp sends it; the status, and the socket closed at once."""
    request = (f"OPTIONS {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: application/json, text/event-stream\r\n"
               "User-Agent: berth\r\nConnection: close\r\n\r\n")
    with socket.create_connection((address, port), timeout=seconds) as one:
        one.sendall(request.encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = one.recv(4096)
            if not part:
                raise OSError("closed before the end of the head")
            head += part
    return int(head.split()[1])
