"""daemontools: svscan, a supervise for each server and for each of their multilogs."""

from .base import LOG_FILES, Driver, debian_version, rotated, script

MULTILOG_SIZE = 16_000_000  # it takes no more


class Daemontools(Driver):
    name = "daemontools"
    settings = "nothing to set: at once when the server had run for a second, else after one"
    capture = "multilog, one each, rotated at 16 MB (its maximum)"
    print_scale = 0.25

    def programs(self):
        return ("svscan", "supervise", "svc", "svstat", "multilog")

    def version(self):
        return debian_version("daemontools")

    def prepare(self, session):
        for port in session.ports:
            own = session.folder / "service" / f"s{port}"
            script(own / "run", "exec " + " ".join(session.server_command(port)) + " 2>&1")
            script(own / "log" / "run", f"exec multilog n{LOG_FILES} s{MULTILOG_SIZE} {session.logs / str(port)}")

    def folders(self, session):
        return [session.folder / "service" / f"s{port}" for port in session.ports]

    def command(self, session):
        return [self.find("svscan"), session.folder / "service"]

    def status(self, session):
        return [self.find("svstat"), *self.folders(session)]

    def stop(self, session, process):
        session.spawn([self.find("svc"), "-dx", *self.folders(session)])

    def log_files(self, session, port):
        return rotated(session.logs / str(port))


def drivers(options):
    return [Daemontools(options)]
