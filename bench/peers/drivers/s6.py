"""s6: s6-svscan, an s6-supervise for each server and for each of their s6-logs."""

from .base import LOG_FILES, LOG_SIZE, Driver, debian_version, rotated, script


class S6(Driver):
    name = "s6"
    settings = "servers notify it (`notification-fd`); then at once when the server was started more than a second ago"
    capture = "s6-log, one each, rotated at 50 MB"
    print_scale = 0.25

    def programs(self):
        return ("s6-svscan", "s6-supervise", "s6-svscanctl", "s6-svstat", "s6-log")

    def version(self):
        return debian_version("s6")

    def prepare(self, session):
        for port in session.ports:
            own = session.folder / "service" / f"s{port}"
            words = session.server_command(port)
            script(own / "run", "exec " + " ".join([*words[:3], "--notify", "3", *words[3:]]) + " 2>&1")
            (own / "notification-fd").write_text("3\n")
            script(own / "log" / "run", f"exec s6-log n{LOG_FILES} s{LOG_SIZE} {session.logs / str(port)}")
        # it has no command for all
        script(session.folder / "status", f"cd {session.folder}/service", 'for one in *; do s6-svstat "$one"; done')

    def command(self, session):
        return [self.find("s6-svscan"), "-c", "4000", session.folder / "service"]

    def status(self, session):
        return [session.folder / "status"]

    def stop(self, session, process):
        session.spawn([self.find("s6-svscanctl"), "-t", session.folder / "service"])

    def log_files(self, session, port):
        return rotated(session.logs / str(port))


def drivers(options):
    return [S6(options)]
