"""pm2, from npm."""

import json
import pathlib

from .base import Driver


class Pm2(Driver):
    name = "pm2"
    settings = "`restart_delay: 0` (its default), `max_restarts` without end"
    capture = "a pipe each; not rotated"
    print_scale = 0.25
    detaches = True

    def programs(self):
        return ("node", "pm2")

    def version(self):
        return json.loads((pathlib.Path(self.find("pm2")).resolve().parents[1] / "package.json").read_text())["version"]

    def prepare(self, session):
        session.environment["PM2_HOME"] = str(session.folder / "pm2")
        session.environment["PM2_DISABLE_VERSION_CHECK"] = "true"
        apps = []
        for port in session.ports:
            program, *rest = session.server_command(port)
            log = f"{session.logs}/{port}.log"
            apps.append({"name": f"s{port}", "script": program, "args": rest, "interpreter": "none", "exec_mode": "fork",
                         "autorestart": True, "restart_delay": 0, "max_restarts": 1000000, "out_file": log, "error_file": log,
                         "merge_logs": True, "vizion": False, "pmx": False})
        (session.folder / "peers.config.json").write_text(json.dumps({"apps": apps}))

    def command(self, session):
        return [self.find("pm2"), "start", session.folder / "peers.config.json"]

    def status(self, session):
        return [self.find("pm2"), "jlist"]

    def stop(self, session, process):
        session.spawn([self.find("pm2"), "kill"])


def drivers(options):
    return [Pm2(options)]
