"""runit: runsvdir, a runsv for each server and a svlogd for each of their logs."""

import os
import signal

from .base import LOG_FILES, LOG_SIZE, Driver, debian_version, rotated, script


class Runit(Driver):
    name = "runit"
    settings = "nothing to set: at once when the server had run for a second, else after one"
    capture = "svlogd, one each, rotated at 50 MB"
    print_scale = 0.25

    def programs(self):
        return ("runsvdir", "runsv", "sv", "svlogd")

    def version(self):
        return debian_version("runit")

    def prepare(self, session):
        for port in session.ports:
            log = session.logs / str(port)
            log.mkdir()
            (log / "config").write_text(f"s{LOG_SIZE}\nn{LOG_FILES}\n")
            own = session.folder / "service" / f"s{port}"
            script(own / "run", "exec " + " ".join(session.server_command(port)) + " 2>&1")
            script(own / "log" / "run", f"exec svlogd {log}")
        os.utime(session.folder / "service", (0, 0))  # it waits for the next second when the folder is of this one

    def command(self, session):
        return [self.find("runsvdir"), session.folder / "service"]

    def status(self, session):
        return [self.find("sv"), "status", *(session.folder / "service" / f"s{port}" for port in session.ports)]

    def stop(self, session, process):
        process.send_signal(signal.SIGHUP)

    def log_files(self, session, port):
        return rotated(session.logs / str(port))


def drivers(options):
    return [Runit(options)]
