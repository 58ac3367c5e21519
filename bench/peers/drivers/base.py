"""What the works ask of a supervisor."""

import pathlib
import shutil
import subprocess

LOG_SIZE = 50_000_000  # of a file, before the next one is begun
LOG_FILES = 100        # kept: all, so that nothing of a run is thrown away


def script(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    path.chmod(0o755)


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return (done.stdout + done.stderr).strip().split("\n", 1)[0]


def debian_version(package):
    return first_line(["dpkg-query", "-W", "-f", "${Version}", package])


def rotated(folder):
    """The log files of svlogd, s6-log and multilog."""
    return [path for path in folder.iterdir() if path.name == "current" or path.name.startswith("@")]


class Driver:
    name = ""
    settings = ""          # in a sentence: how it was made as quick as it can be
    capture = ""           # in a sentence: what becomes of the servers' output
    thousand = False       # is measured with a thousand servers, too
    slow_start = False     # takes half a minute for 500: once is enough
    minimum_uptime = 1.5   # seconds after which a server that dies is started again at once
    prefix_bytes = 0       # written before each line
    print_scale = 1.0      # of the bytes that servers print, for the slow
    detaches = False       # its command ends when it answers, and it goes on in the background
    watches = False        # can ask servers whether they listen

    def __init__(self, options):
        self.options = options

    def programs(self):
        return ()

    def missing(self):
        """Why it cannot take part; empty when it can."""
        for program in self.programs():
            if not self.find(program):
                return f"there is no `{program}`"
        return ""

    def version(self):
        return ""

    def find(self, program):
        for folder in self.options.tool_folders:
            if (folder / program).exists():
                return str(pathlib.Path(folder / program).absolute())
        return shutil.which(program)

    def prepare(self, session):
        """Writes the files that it needs; not measured."""

    def command(self, session):
        """Starts it with all servers; measured from here."""
        raise NotImplementedError

    def settled(self, session, seconds):
        """Waits until it has done what it does after all listen."""

    def status(self, session):
        """The command that shows all servers, or None."""
        return None

    def stop(self, session, process):
        """Asks it to end all servers; need not wait."""
        process.terminate()

    def log_files(self, session, port):
        return list(session.logs.glob(f"{port}.log*"))
