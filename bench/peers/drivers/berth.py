"""Berth, as it comes and as quick as its settings permit."""

import re

from .base import LOG_FILES, LOG_SIZE, Driver, first_line


class Berth(Driver):
    name = "berth"
    settings = 'defaults, but `ready.probe = "listen"` (the servers speak no HTTP) and `health.probe = "none"`; `up -d`'
    capture = "a pipe each, time and stream before each line, rotated at 50 MB"
    thousand = True
    prefix_bytes = len("2026-11-21T10:00:00.123Z out ")
    detaches = True
    watches = True
    slow_start = True
    changes = {}

    def missing(self):
        return "" if self.options.berth else "no --berth PATH"

    def version(self):
        return re.sub(r"^berth +", "", first_line([self.options.berth, "version"]))

    def words(self, session, *more):
        return [self.options.berth, "-c", session.folder / "berth.toml", "--runtime-dir", session.folder / "run",
                "--log-dir", session.logs, *more]

    def prepare(self, session):
        (session.folder / "berth.toml").write_text(self.config(session))

    def config(self, session):
        keys = {"ports.range": f"[{session.first_port}, {session.first_port + session.count - 1}]",
                "defaults.ready.probe": '"listen"', "defaults.health.probe": '"none"',
                "defaults.log.max_size": f'"{LOG_SIZE}B"', "defaults.log.files": str(LOG_FILES)}
        if session.health:
            keys.update({"defaults.health.probe": '"listen"', "defaults.health.interval": f'"{session.health}"'})
        keys.update(self.changes)
        keys.update(change.split("=", 1) for change in self.options.berth_set)
        text = 'name = "peers"\n'
        for section in dict.fromkeys(key.partition(".")[0] for key in keys):
            text += f"[{section}]\n"
            text += "".join(f"{key.partition('.')[2]} = {value}\n" for key, value in keys.items()
                            if key.startswith(section + "."))
        program, _, *rest = session.server_command(0)
        arguments = ", ".join(f'"{word}"' for word in ("{port}", *rest))
        for i in range(session.count):
            text += f'[[servers]]\nname = "s{i:04}"\ncommand = "{program}"\nargs = [{arguments}]\n'
        return text

    def command(self, session):
        return self.words(session, "up", "-d")

    def settled(self, session, seconds):
        session.run(self.words(session, "wait", "--timeout", f"{seconds:.0f}"), timeout=seconds + 5)

    def status(self, session):
        return self.words(session, "status")

    def stop(self, session, process):
        session.spawn(self.words(session, "down"))

    def check(self, session):
        return self.words(session, "check")

    def log_files(self, session, port):
        return list(session.logs.glob(f"s{port - session.first_port:04}.log*"))


class BerthQuick(Berth):
    name = "berth-quick"
    settings = 'as berth, and `supervisor.start_concurrency = 1024`, `ready.settle = "0ms"`'
    watches = False  # as above
    slow_start = False
    changes = {"supervisor.start_concurrency": "1024", "defaults.ready.settle": '"0ms"'}


def drivers(options):
    return [Berth(options), BerthQuick(options)]
