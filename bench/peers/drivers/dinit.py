"""dinit, as an instance of a user. It is not in Debian: build it, and have it on PATH or name its folder with --dinit-dir."""

from .base import Driver, first_line


class Dinit(Driver):
    name = "dinit"
    settings = "`restart-delay = 0`, `restart-limit-count = 0`, `smooth-recovery = true`"
    capture = "nothing to do: each server's stdout is its log file; not rotated"

    def programs(self):
        return ("dinit", "dinitctl")

    def version(self):
        return first_line([self.find("dinit"), "--version"]).removeprefix("Dinit version ").rstrip(".")

    def prepare(self, session):
        services = session.folder / "dinit.d"
        services.mkdir()
        for port in session.ports:
            (services / f"s{port}").write_text(
                f"type = process\ncommand = {' '.join(session.server_command(port))}\nrestart = true\nrestart-delay = 0\n"
                f"restart-limit-count = 0\nsmooth-recovery = true\nlogfile = {session.logs}/{port}.log\n")
        (services / "boot").write_text("type = internal\n" + "".join(f"waits-for: s{port}\n" for port in session.ports))

    def command(self, session):
        return [self.find("dinit"), "--user", "--quiet", "--services-dir", session.folder / "dinit.d",
                "--socket-path", session.folder / "dinitctl", "boot"]

    def status(self, session):
        return [self.find("dinitctl"), "--socket-path", session.folder / "dinitctl", "list"]


def drivers(options):
    return [Dinit(options)]
