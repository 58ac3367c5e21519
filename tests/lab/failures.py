"""Provokes each failure with the real program and tells what Berth says of it. scripts/failure-table has the usage."""

import argparse
import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import berthlab as lab  # noqa: E402
from memory import MemoryLimit  # noqa: E402

HOSTILE = None  # set in main()
CAN = {}  # which commands this berth has

# Long pauses, so that a state can be looked at; short starts.
QUIET = {"backoff__initial": "30s", "backoff__jitter": 0, "backoff__max": "60s", "ready__settle": "100ms"}

ROWS = []


def row(title, state, reason=None, last=None, needs=None):
    """Registers a failure: what provokes it, and the state, reason and last_exit.cause that Berth must show."""

    def register(function):
        ROWS.append({"title": title, "state": state, "reason": reason, "last": last, "needs": needs, "do": function,
                     "id": function.__name__})
        return function

    return register


class Skip(Exception):
    """Cannot be provoked on this machine."""


class Stage:
    """What a row works with: one project with one server, `it`, and helpers. Closed by the runner."""

    def __init__(self):
        self.open = []
        self.project = None
        self.folder = None

    def set(self, *args, command=None, extra="", ports=6, up=True, **keys):
        """Starts `it`, the hostile child unless `command` says otherwise, and returns its project."""
        keys = QUIET | keys
        self.project = lab.Project(lab.server("it", command or HOSTILE, args, **keys) + extra, ports=ports,
                                   name="fail", env={"PATH": "/usr/local/bin:/usr/bin:/bin"})
        self.open.append(self.project.close)
        self.folder = self.project.folder
        self.gate = self.folder / "gate"
        if up:
            self.project.up(wait=False)
        return self.project

    def until(self, state, reason=None, seconds=25, **more):
        """Waits for the expected sight; the server as it is then, whatever it is."""

        def good(one):
            return one["state"] == state and one["reason"] == reason and all(one[k] == v for k, v in more.items())

        return self.project.until("it", good, seconds)[0]

    def launched(self):
        return self.project.until("it", lambda one: one["pid"] and one["port"], 20)[0]

    def gated(self, *args, **keys):
        """As set(), but with a child that binds only once open_gate() is called."""
        gate = Path("/tmp") / f"bl-gate-{os.getpid()}-{id(self):x}"
        self.open.append(lambda: gate.unlink(missing_ok=True))
        self.set(f"--listen-when={gate}", *args, **keys)
        self.gate = gate
        return self.launched()

    def open_gate(self):
        self.gate.write_text("")

    def thief(self, port):
        """Takes a port as another program would: beside Berth's hold, which never listens."""
        return self.taken(socket.AF_INET, ("127.0.0.1", port))

    def taken(self, family, address):
        one = socket.socket(family)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen(16)
        self.open.append(one.close)
        return one

    def close(self):
        for action in reversed(self.open):
            action()


# ---------------------------------------------------------------- it cannot be launched


@row("There is no such command", "failed", "command_not_found")
def no_such_command(stage):
    stage.set(command="no-such-mcp-server")
    return stage.until("failed", "command_not_found")


@row("The command is not executable", "failed", "not_executable")
def not_executable(stage):
    stage.set(command="./server.py", up=False)
    (stage.folder / "server.py").write_text("print('hello')\n")
    stage.project.up(wait=False)
    return stage.until("failed", "not_executable")


@row("Its working folder is not there", "failed", "bad_cwd")
def bad_cwd(stage):
    stage.set(cwd="no/such/folder")
    return stage.until("failed", "bad_cwd")


# ---------------------------------------------------------------- it does not listen where it should


@row("It ignores PORT and listens elsewhere (told while it lives)", "starting", "wrong_port")
def ignores_port(stage):
    elsewhere = lab.free_ports(1)[0]
    stage.set(f"--fixed-port={elsewhere}")
    return stage.until("starting", "wrong_port")


@row("It ignores PORT and listens elsewhere (at `ready.timeout`)", "failed", "wrong_port")
def ignores_port_for_good(stage):
    elsewhere = lab.free_ports(1)[0]
    stage.set(f"--fixed-port={elsewhere}", ready__timeout="2s")
    return stage.until("failed", "wrong_port")


@row("It is a stdio server: reads the end of its input and ends with 0", "backoff", "not_listening")
def stdio_server(stage):
    stage.set("-c", "import sys; print('MCP server running on stdio', file=sys.stderr); sys.stdin.read()", command="python3")
    return stage.until("backoff", "not_listening")


@row("It lives and never listens", "backoff", "not_listening")
def never_listens(stage):
    stage.set("--never-listen", ready__timeout="2s")
    return stage.until("backoff", "not_listening")


@row("A listener that comes and goes", "backoff", "start_timeout")
def comes_and_goes(stage):
    stage.set("--close-listener-after-ms=300", ready__timeout="2s", ready__settle="1500ms")
    return stage.until("backoff", "start_timeout")


# ---------------------------------------------------------------- it crashes


@row("It crashes before it is ready", "backoff", "crash")
def crash_before_ready(stage):
    stage.set("--say=Error: API_KEY is not set", "--exit=3")
    return stage.until("backoff", "crash")


@row("It crashes after it was ready: first time", "ready", None, last="crash")
def crash_after_ready(stage):
    stage.set()
    one = stage.until("ready")
    os.kill(one["pid"], 11)
    return stage.until("ready", restarts=1)


@row("It crashes after it was ready: again", "backoff", "crash")
def crash_again(stage):
    stage.set()
    for restarts in (0, 1):
        one = stage.until("ready", restarts=restarts)
        os.kill(one["pid"], 11)
    return stage.until("backoff", "crash")


@row("It crashes again and again (`backoff.crashloop_after`)", "crashloop", "crash")
def crash_loop(stage):
    stage.set("--exit=3", backoff__initial="100ms", backoff__max="20s", backoff__factor=20, backoff__crashloop_after=3)
    return stage.until("crashloop", "crash")


@row("It has spent its budget (`backoff.give_up_after`)", "failed", "budget_spent")
def budget_spent(stage):
    stage.set("--exit=3", backoff__initial="50ms", backoff__give_up_after=3)
    return stage.until("failed", "budget_spent")


@row("The kernel ends it for want of memory", "backoff", "oom_killed")
def out_of_memory(stage):
    limit = MemoryLimit(16 << 20)
    if not limit.folder:
        raise Skip("memory cannot be limited here")
    stage.open.append(limit.close)
    script = f"echo $$ > {limit.entrance} && exec tail /dev/zero"
    # A cgroup of the server's own would be left when it enters this one.
    stage.set("-c", script.replace("$", "$$"), command="sh")
    return stage.until("backoff", "oom_killed")


@row("It wants more than its `limits` allow: open files", "backoff", "resource_limit")
def too_many_files(stage):
    stage.set("--eat-files=500", limits__open_files=64)
    return stage.until("backoff", "resource_limit")


@row("A bridge listens, then its command is not found and it ends with 127", "backoff", "crash")
def bridge_dies(stage):
    stage.set("--listen-then-exit-ms=200", "--exit=127", ready__settle="600ms")
    return stage.until("backoff", "crash")


# ---------------------------------------------------------------- the port is taken


def robbed(stage, habit):
    one = stage.gated(f"--on-busy={habit}")
    stage.thief(one["port"])
    stage.open_gate()
    return stage.project.until("it", lambda now: now["state"] == "ready" and now["port"] != one["port"], 30)[0]


@row("Its port is taken while it starts: it exits 1", "ready", None, last="port_conflict")
def taken_exit_1(stage):
    return robbed(stage, "exit1-message")


@row("Its port is taken: it exits 1 without a word", "ready", None, last="port_conflict")
def taken_exit_1_silent(stage):
    return robbed(stage, "exit1-silent")


@row("Its port is taken: it says \"listening\" and exits 0", "ready", None, last="port_conflict")
def taken_exit_0_lie(stage):
    return robbed(stage, "exit0-lie")


@row("Its port is taken: it moves to the next one", "ready", None, last="port_conflict")
def taken_moves(stage):
    return robbed(stage, "shift")


@row("Its port is taken: it hangs", "ready", None, last="port_conflict")
def taken_hangs(stage):
    return robbed(stage, "stay-silent")


@row("A stranger listens on its port before it has tried", "starting", "foreign_listener")
def stranger(stage):
    one = stage.gated()
    stage.thief(one["port"])
    return stage.until("starting", "foreign_listener")


@row("A port that is fixed is held", "failed", "fixed_port_held")
def fixed_held(stage):
    port = lab.free_ports(1)[0]
    stage.thief(port)
    stage.set(port=port)
    return stage.until("failed", "fixed_port_held")


@row("The range of ports is exhausted", "failed", "port_range_exhausted")
def range_exhausted(stage):
    ports = lab.free_ports(2)
    for port in ports:
        stage.thief(port)
    stage.set(ports=ports)
    return stage.until("failed", "port_range_exhausted")


# ---------------------------------------------------------------- it answers badly


@row("It listens and never answers (told while it lives)", "starting", "probe_failed")
def never_answers(stage):
    stage.set("--http=silent", ready__timeout="60s")
    return stage.until("starting", "probe_failed")


@row("It listens and never answers (at `ready.timeout`)", "backoff", "probe_failed")
def never_answers_at_timeout(stage):
    stage.set("--http=silent", ready__timeout="2s")
    return stage.until("backoff", "probe_failed")


@row("It answers with something that is not HTTP", "backoff", "probe_failed")
def not_http(stage):
    stage.set("--http=garbage", ready__timeout="2s")
    return stage.until("backoff", "probe_failed")


@row("It answers 500: alive", "ready", None)
def answers_500(stage):
    stage.set("--http=500")
    return stage.until("ready")


@row("It answers 503: alive", "ready", None)
def answers_503(stage):
    stage.set("--http=503")
    return stage.until("ready")


@row("It answers 404 at its path: alive", "ready", None)
def answers_404(stage):
    stage.set("--http=404")
    return stage.until("ready")


@row("It answers 401: alive, and wants a sign-in", "ready", None)
def answers_401(stage):
    stage.set("--http=401")
    return stage.until("ready")


# ---------------------------------------------------------------- it was ready


SOON = {"health__interval": "500ms", "health__timeout": "500ms", "health__failures": 2}


@row("It stops listening while it lives", "unhealthy", "unhealthy")
def listener_lost(stage):
    stage.set("--close-listener-when=gate", up=False)
    stage.project.up(wait=False)
    stage.until("ready")
    stage.gate.write_text("")
    return stage.until("unhealthy", "unhealthy")


@row("It is stopped (SIGSTOP): as long as it is doubted", "unhealthy", "unhealthy", needs="health")
def stopped(stage):
    stage.set(**SOON | {"health__failures": 100})
    os.kill(stage.until("ready")["pid"], 19)
    return stage.until("unhealthy", "unhealthy", seconds=8)


@row("It is stopped (SIGSTOP): after `health.failures`", "ready", None, last="unhealthy", needs="health")
def stopped_restarted(stage):
    stage.set(**SOON, stop__timeout="1s")
    os.kill(stage.until("ready")["pid"], 19)
    return stage.until("ready", restarts=1, seconds=12)


@row("It is deadlocked while the kernel accepts for it", "ready", None, last="unhealthy", needs="health")
def deadlocked(stage):
    # Only the first of its lives is blocked.
    stage.set("--block-when=gate", "--misbehave-times=1", "--count-file=starts", **SOON)
    stage.until("ready")
    stage.gate.write_text("")
    return stage.until("ready", restarts=1, seconds=12)


@row("A bridge answers as before, and its stdio child has died", "ready", None)
def bridge_without_child(stage):
    bridge = Path(__file__).resolve().parent / "dead_bridge.py"
    stage.set(str(bridge), command="python3")
    bridge_pid = stage.until("ready")["pid"]
    for child in Path(f"/proc/{bridge_pid}/task/{bridge_pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    one = stage.project.until("it", lambda seen: "has ended" in seen["detail"], 20)[0]
    if CAN["inspect"]:
        done = stage.project.run("inspect", "it")
        if done.returncode == 0:
            raise AssertionError(f"inspect of a dead bridge ended with 0: {done.stdout}")
        one = dict(one, inspect=(done.stderr or done.stdout).strip().splitlines()[0])
    return one


# ---------------------------------------------------------------- another one


@row("What it depends on has failed", "failed", "dependency")
def dependency(stage):
    stage.set(depends_on=["database"], extra=lab.server("database", "no-such-database"))
    return stage.until("failed", "dependency")


# ---------------------------------------------------------------- the table


def plain(text, stage):
    """The text without what belongs to this machine and this run."""
    project = stage.project
    text = text.replace(str(HOSTILE), "hostile").replace(str(lab.ROOT), "berth").replace(str(stage.folder), "~/tools")
    text = re.sub(r"/tmp/bl-[\w-]+", "~/tools", text).replace(project.name, "my-tools")
    names = {}
    for port in sorted({int(found) for found in re.findall(r"\b[1-3]\d{4}\b", text)}):
        if project.first <= port <= project.last:
            names[port] = 50000 + port - project.first
    for port, shown in names.items():
        text = re.sub(rf"\b{port}\b", str(shown), text)
    text = re.sub(r"(?<![-\d])[1-3]\d{4}\b", "3000", text)  # outside the range, and no code of an error
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "12:00:00", text)
    return re.sub(r"\bpid \d+", "pid 4711", text)


def sayings(stage, one):
    """What status says: DETAIL, and LAST EXIT where it is ready again."""
    said = one["detail"]
    if one["state"] == "ready" and one["last_exit"]:
        said += f" · last exit: {one['last_exit']['cause']}, {one['last_exit']['message']}"
    return plain(said, stage)


def has_periodic_health():
    """Is a server asked again once it is ready? One that writes down each request tells."""
    listener = lab.server("it", "python3", ["-m", "http.server", "{port}", "--bind", "127.0.0.1"], health__interval="100ms")
    with lab.Project(listener) as project:
        project.up()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if (project.folder / "log" / "it.log").read_text(encoding="utf-8").count("OPTIONS /mcp") >= 3:
                return True
            time.sleep(0.05)
        return False


def told(explanation, ended):
    """The lines of `berth explain` that answer: how is it, why, what comes next, what is to be done, how did it end."""
    lines = [" ".join(line.split()) for line in explanation.splitlines()]
    chosen = lines[:1] + [line for line in lines[1:12] if line.startswith(("why ", "next ", "to do "))]
    if ended and "Last exits" in lines:
        chosen.append(f"last exit {lines[lines.index('Last exits') + 1]}")
    return chosen


def perform(entry):
    stage = Stage()
    started = time.monotonic()
    result = dict(entry, problem=None, said="", shown="", explained="", skipped=None)
    try:
        if entry["needs"] and not CAN[entry["needs"]]:
            raise Skip("this berth has no periodic health check")
        one = entry["do"](stage)
        result["shown"] = " · ".join(filter(None, (one["state"], one["reason"])))
        result["said"] = sayings(stage, one)
        last = (one["last_exit"] or {}).get("cause")
        if one["state"] != entry["state"] or one["reason"] != entry["reason"] or (entry["last"] and last != entry["last"]):
            result["problem"] = (f"expected {entry['state']} {entry['reason']} {entry['last'] or ''}, "
                                 f"seen {one['state']} {one['reason']} {last}: {one['detail']}{stage.project.tail()}")
        if "inspect" in one:
            result["said"] += f" · inspect: {plain(one['inspect'], stage)}"
        if CAN["explain"]:
            result["explained"] = plain(" ⏎ ".join(told(stage.project.run("explain", "it").stdout, entry["last"])), stage)
    except Skip as why:
        result["skipped"] = str(why)
    except Exception as error:  # pylint: disable=broad-except  # one row must not end the others
        result["problem"] = f"{type(error).__name__}: {error}"
    finally:
        stage.close()
    result["seconds"] = time.monotonic() - started
    return result


def markdown(results):
    columns = ["Failure", "State", "`berth status` says"] + (["`berth explain` says"] if CAN["explain"] else [])
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for one in results:
        if one["skipped"]:
            cells = [one["title"], "-", f"(not provoked: {one['skipped']})"] + ([""] if CAN["explain"] else [])
        else:
            cells = [one["title"], one["shown"], one["said"]] + ([one["explained"]] if CAN["explain"] else [])
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def without_numbers(line):
    """A row as --check compares it: no number counts, nor which was seen first, the holder or the child's own words."""
    line = re.sub(r'said "[^"]*" and ended with code \d+: ', "", line)
    return re.sub(r"\d+(\.\d+)?", "N", line).strip()


BEGIN, END = "<!-- failure-table: begin -->", "<!-- failure-table: end -->"


def compare(path, table):
    """The lines that differ from the table in a file."""
    text = Path(path).read_text(encoding="utf-8")
    kept = text.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    old = {line.split(" | ")[0]: line for line in kept}
    wrong = []
    for line in table.splitlines():
        before = old.pop(line.split(" | ")[0], "")
        if "(not provoked" in line + before or without_numbers(line) == without_numbers(before):
            continue
        wrong.append(f"- {before}\n+ {line}")
    return wrong + [f"- {line}" for line in old.values()]


def write(path, table):
    text = Path(path).read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    Path(path).write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="scripts/failure-table")
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--write", metavar="FILE")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("rows", nargs="*")
    options = parser.parse_args()
    global HOSTILE
    HOSTILE = lab.hostile()
    CAN.update({command: lab.can(command) for command in ("explain", "inspect")})
    CAN["health"] = has_periodic_health()
    chosen = [one for one in ROWS if not options.rows or one["id"] in options.rows]
    if not chosen:
        sys.exit("no such row; there are: " + " ".join(one["id"] for one in ROWS))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(perform, chosen))
    table = markdown(results)
    problems = [f"{one['id']}: {one['problem']}" for one in results if one["problem"]]
    if options.write and not problems:
        write(options.write, table)
    else:
        print(table)
    if options.check:
        problems += compare(options.check, table)
    if problems:
        print("\n" + "\n".join(problems), file=sys.stderr)
        print(f"{len(problems)} of {len(results)} rows are not as they should be.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.TimeoutExpired as error:
        sys.exit(str(error))
