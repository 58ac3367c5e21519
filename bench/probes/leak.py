#!/usr/bin/env -S python3 -B
"""Do standing probes leave anything behind in servers that leak whatever asks them?

Starts real servers (examples/real-servers/all, installed), counts their processes, memory and open connections, sends
each 1000 probes, counts, sends as many again (memory that grows once is a heap that warms up, not a leak), counts, and
lets a real client in. The probes are Berth's own when its health check is periodic
(health.interval is short then); with --send they are sent from here, the same bytes. Exit code 1 when a server has more
processes than before, open connections, has been restarted, or does not serve the client.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "lab"))
import berthlab as lab  # noqa: E402

ALL = lab.ROOT / "examples" / "real-servers" / "all"
BIN = ALL / "node_modules" / ".bin"
FILES = f"{BIN}/mcp-server-filesystem {ALL}"
N8N_TOKEN = "a-token-for-this-test-of-32-characters"

# name -> command, args, path, what else the client must know
SERVERS = {
    "supergateway-stateful": (f"{BIN}/supergateway", ["--stdio", FILES, "--outputTransport", "streamableHttp", "--stateful",
                                                      "--port", "{port}"], "/mcp", {}, ["http", ""]),
    "supergateway-stateless": (f"{BIN}/supergateway", ["--stdio", FILES, "--outputTransport", "streamableHttp",
                                                       "--port", "{port}"], "/mcp", {}, ["http", ""]),
    "supergateway-sse": (f"{BIN}/supergateway", ["--stdio", FILES, "--port", "{port}"], "/sse", {}, ["sse", ""]),
    "playwright": (f"{BIN}/playwright-mcp", ["--headless", "--port", "{port}"], "/mcp", {}, ["http", ""]),
    "everything": (f"{BIN}/mcp-server-everything", ["streamableHttp"], "/mcp", {}, ["http", ""]),
    "everything-sse": (f"{BIN}/mcp-server-everything", ["sse"], "/sse", {}, ["sse", ""]),
    "code-runner": (f"{BIN}/mcp-server-code-runner", ["-t", "http", "-p", "{port}"], "/mcp", {}, ["http", "", "only-hello"]),
    "mongodb": (f"{BIN}/mongodb-mcp-server", ["--transport", "http", "--httpPort", "{port}", "--telemetry", "disabled"],
                "/mcp", {}, ["http", ""]),
    "n8n": ("node", [f"{ALL}/node_modules/n8n-mcp/dist/mcp/index.js"], "/mcp",
            {"MCP_MODE": "http", "AUTH_TOKEN": N8N_TOKEN, "N8N_MCP_TELEMETRY_DISABLED": "true"}, ["http", N8N_TOKEN]),
}


def count(project, name):
    one = project.server(name)
    return {"processes": one["processes"], "mib": one["memory_bytes"] / 2**20, "open": lab.connections(one["port"]),
            "restarts": one["restarts"], "pid": one["pid"]}


def calm(project, name, seconds=15):
    """Counts once nothing of the past is open any more, or when the time is over."""
    end = time.monotonic() + seconds
    while lab.connections(project.server(name)["port"]) and time.monotonic() < end:
        time.sleep(0.05)
    return count(project, name)


def send(project, name, probes, path):
    """The probes from here, one after the other, to the address and by the name that `berth url` gives."""
    url = project.url(name)
    authority = url.split("/")[2]
    host = authority.rpartition(":")[0]
    port = int(authority.rpartition(":")[2])
    for address in ("127.0.0.1", "::1"):
        try:
            statuses = {lab.options_probe(port, path, host, address) for _ in range(probes)}
            return " ".join(map(str, sorted(statuses)))
        except ConnectionRefusedError:
            continue
    return "refused"


def connections_taken():
    """How many connections the servers of this machine have accepted so far."""
    rows = [line.split()[1:] for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines() if line.startswith("Tcp:")]
    return int(dict(zip(*rows))["PassiveOpens"])


def probe(project, name, options, path):
    """Has it probed; what is known of the answers, or else how many connections there were on this machine."""
    if options.send:
        return send(project, name, options.probes, path)
    before = connections_taken()
    end = time.monotonic() + options.probes * options.interval / 1000 * 3
    while connections_taken() - before < options.probes and time.monotonic() < end:
        time.sleep(0.1)
    taken = connections_taken() - before
    if taken < options.probes:
        raise RuntimeError(f"Berth has asked {taken} times at most, and should have {options.probes} times: "
                           "is there a periodic health check? --send does without")
    return f"({taken})"


def ask(project, name, words):
    done = subprocess.run(["node", "ask.mjs", project.url(name), *words], cwd=ALL, capture_output=True, text=True, timeout=60,
                          check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return done.stderr[:200]
    return found.get("error") or f"{found['server']}, {found['tools'] if found['tools'] is not None else '?'} tools"


def measure(name, options):
    command, args, path, env, words = SERVERS[name]
    health = {"health__interval": f"{options.interval}ms"} if not options.send else {"health__interval": "1h"}
    text = lab.server(name, command, args, path=path, env=env, **health)
    problems = []
    with lab.Project(text, name="leak") as project:
        project.env["HOME"] = project.env["TMPDIR"] = str(project.folder)
        project.up(name)
        before = calm(project, name)
        began = time.monotonic()
        how = probe(project, name, options, path)
        took = time.monotonic() - began
        # The health check goes on: what is open while one probe is under way is not what is left by a thousand.
        after = calm(project, name)
        probe(project, name, options, path)
        again = calm(project, name)
        client = ask(project, name, words)
        last = project.server(name)
    if max(after["processes"], again["processes"]) > before["processes"]:
        problems.append("more processes")
    if options.send and after["open"]:
        problems.append(f"open connections: {after['open']}")
    if sum(after["open"].values()) > 2:
        problems.append(f"open connections: {after['open']}")
    if last["restarts"] or after["pid"] != before["pid"]:
        problems.append("was restarted")
    if " tools" not in client:
        problems.append(f"the client: {client}")
    print(f"{name:24} {before['processes']:>3} -> {after['processes']:<3}  {before['mib']:6.1f} -> {after['mib']:6.1f} -> {again['mib']:6.1f}  "
          f"{sum(after['open'].values()):>4}  {took:6.1f} s  {how:9}  {client}"
          + (f"  FAILED: {'; '.join(problems)}" if problems else ""), flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--send", action="store_true", help="send the probes from here")
    parser.add_argument("--probes", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=20, help="of the health check, in ms (default 20)")
    parser.add_argument("servers", nargs="*", help=" ".join(SERVERS))
    options = parser.parse_args()
    if not BIN.is_dir():
        sys.exit(f"run {ALL}/install.sh first")
    unknown = [one for one in options.servers if one not in SERVERS]
    if unknown:
        sys.exit(f"no server {' '.join(unknown)}; there are: {' '.join(SERVERS)}")
    print(f"{'server':24} {'processes':10} {'MiB':>25}    open      time  answers    client afterwards")
    try:
        results = [measure(name, options) for name in options.servers or SERVERS]
    except RuntimeError as error:
        sys.exit(str(error))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
