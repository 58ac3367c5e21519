"""supervisord, of the package supervisor."""

import pathlib

from .base import LOG_FILES, LOG_SIZE, Driver, first_line


class Supervisord(Driver):
    name = "supervisord"
    settings = "`startsecs = 0`, `autorestart = true`; it restarts on the tick of its main loop, a second"
    capture = "a pipe each, rotated at 50 MB"

    def programs(self):
        return ("supervisord", "supervisorctl")

    def version(self):
        return first_line(["env", f"PYTHONPATH={self.packages()}", self.find("supervisord"), "--version"])

    def packages(self):
        """Where its modules are when it was unpacked rather than installed."""
        folder = pathlib.Path(self.find("supervisord")).parents[1] / "lib/python3/dist-packages"
        return str(folder) if folder.is_dir() and folder.parts[1] != "usr" else ""

    def prepare(self, session):
        if self.packages():
            session.environment["PYTHONPATH"] = self.packages()
        own = session.folder
        text = (f"[supervisord]\nnodaemon=true\nuser=root\nminfds=10000\nlogfile={own}/supervisord.log\npidfile={own}/pid\n"
                f"childlogdir={own}/logs\n[unix_http_server]\nfile={own}/sock\n[supervisorctl]\nserverurl=unix://{own}/sock\n"
                "[rpcinterface:supervisor]\n"
                "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n")
        for port in session.ports:
            text += (f"[program:s{port}]\ncommand={' '.join(session.server_command(port))}\nautorestart=true\nstartsecs=0\n"
                     f"startretries=1000000\nredirect_stderr=true\nstdout_logfile={session.logs}/{port}.log\n"
                     f"stdout_logfile_maxbytes={LOG_SIZE}\nstdout_logfile_backups={LOG_FILES}\n")
        (own / "supervisord.conf").write_text(text)

    def command(self, session):
        return [self.find("supervisord"), "-n", "-c", session.folder / "supervisord.conf"]

    def status(self, session):
        return [self.find("supervisorctl"), "-c", session.folder / "supervisord.conf", "status"]

    def stop(self, session, process):
        # SIGTERM to it would end them one after the other, each a tick later
        session.spawn([self.find("supervisorctl"), "-c", session.folder / "supervisord.conf", "stop", "all"])


def drivers(options):
    return [Supervisord(options)]
