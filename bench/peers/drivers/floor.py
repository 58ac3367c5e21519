"""The bare floor: floor.c."""

from .base import Driver


class Floor(Driver):
    name = "floor"
    way = "plain"
    settings = "starts again at once, always; knows nothing else; its status is that of starting a static program"
    capture = "none: the servers have its stdout, a file"
    thousand = True

    def version(self):
        return "floor.c"

    def command(self, session):
        server = session.server_command(session.first_port)
        return [session.programs / "floor", self.way, session.logs, session.first_port, session.count, server[0], *server[2:]]

    def status(self, session):
        return [session.programs / "tinyserver"]

    def log_files(self, session, port):
        return [session.folder / "spoken"] if self.way == "plain" else super().log_files(session, port)


class FloorPipe(Floor):
    name = "floor-pipe"
    way = "pipe"
    settings = "as floor"
    capture = "a pipe each, read and written 64 KiB at a time, rotated at 50 MB"


def drivers(options):
    return [Floor(options), FloorPipe(options)]
