"""Scrapes a real Berth, with restarts and a conflict, and reads what it says as Prometheus would.

Also: the metrics that configs/grafana-dashboard.json asks for exist, and its expressions are PromQL (promtool).
"""

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import berthlab as lab  # noqa: E402

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    print("no prometheus_client for this Python (Debian: python3-prometheus-client): skipped")
    sys.exit(77)

DASHBOARD = lab.ROOT / "configs" / "grafana-dashboard.json"
PROMTOOL = shutil.which("promtool")
failures = []


def check(good, what):
    if not good:
        failures.append(what)
        print(f"FAILED: {what}")


def scrape(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    check(answer.status == 200, f"status {answer.status}")
    check(answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8", "content type")
    text = answer.read().decode()
    connection.close()
    return text


def samples(text):
    """By name and labels. A family or a sample that comes twice is a failure."""
    found, families = {}, set()
    for family in text_string_to_metric_families(text):
        check(family.name not in families, f"{family.name} comes twice")
        check(family.type != "unknown" and family.documentation, f"{family.name} has no type or help")
        families.add(family.name)
        for one in family.samples:
            key = (one.name, tuple(sorted(one.labels.items())))
            check(key not in found, f"{key} comes twice")
            found[key] = one.value
    return found


def histograms(found):
    """Buckets rise, and the last one is the count."""
    series = {}
    for (name, labels), value in found.items():
        if name.endswith("_bucket"):
            rest = tuple(one for one in labels if one[0] != "le")
            series.setdefault((name[:-7], rest), []).append((float(dict(labels)["le"]), value))
    check(len(series) > 3, "no histograms")
    for (name, labels), buckets in series.items():
        counts = [count for _, count in sorted(buckets)]
        check(counts == sorted(counts), f"{name} {labels}: buckets fall: {counts}")
        check(counts[-1] == found[(f"{name}_count", labels)], f"{name} {labels}: +Inf is not the count")


def agrees_with_status(project, found):
    for server in project.status()["servers"]:
        name = (("server", server["name"]),)
        restarts = sum(value for (metric, labels), value in found.items()
                       if metric == "berth_server_restarts_total" and ("server", server["name"]) in labels)
        check(restarts == server["restarts"], f"{server['name']}: {restarts} restarts, the status has {server['restarts']}")
        check(found[("berth_server_starts_total", name)] == server["starts"], f"{server['name']}: starts")
        check(found[("berth_server_port_conflicts_total", name)] == server["port_conflicts"], f"{server['name']}: conflicts")
        states = {dict(labels)["state"] for (metric, labels), value in found.items()
                  if metric == "berth_server_state" and value == 1 and ("server", server["name"]) in labels}
        check(states == {server["state"]}, f"{server['name']}: {states} is not {server['state']}")


def promtool(*args, text=None):
    done = subprocess.run([PROMTOOL, *args], input=text, capture_output=True, text=True, timeout=60, check=False)
    check(done.returncode == 0, f"promtool {' '.join(args[:2])}: {done.stdout}{done.stderr}")


def expressions(dashboard):
    for panel in dashboard["panels"]:
        for one in panel.get("targets", []):
            yield panel["title"], one["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable["query"]["query"]


def check_dashboard(text):
    dashboard = json.loads(DASHBOARD.read_text())
    check(dashboard["schemaVersion"] >= 36 and dashboard["id"] is None and dashboard["title"], "cannot be imported")
    inputs = {one["name"] for one in dashboard["__inputs"]}
    check({one for one in re.findall(r"\$\{(\w+)\}", json.dumps(dashboard))} <= inputs, "an input that is not asked for")
    check({"project", "server"} <= {one["name"] for one in dashboard["templating"]["list"]}, "variables")
    ids = [panel["id"] for panel in dashboard["panels"]]
    check(len(ids) == len(set(ids)), "two panels have one id")
    places = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        for cell in [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]:
            check(cell not in places and cell[0] < 24, f"{panel['title']} lies over another")
            places.add(cell)

    exported = set(re.findall(r"^([a-z_]+)(?:\{| )", text, re.M))
    asked = set()
    for title, expression in expressions(dashboard):
        names = set(re.findall(r"\b(?:berth|process)_[a-z0-9_]+", expression))
        check(names, f"{title} asks for nothing")
        check(names <= exported, f"{title} asks for {names - exported}, which is not exported")
        asked |= names
    check(len(asked) > 15, f"only {asked}")
    for needed in ("state", "restarts_total", "port_conflicts_total", "memory_bytes", "cpu_seconds_total",
                   "log_bytes_total", "log_dropped_bytes_total"):
        check(f"berth_server_{needed}" in asked, f"no panel for {needed}")
    if PROMTOOL:
        rules = []
        for panel in dashboard["panels"]:
            for one in panel.get("targets", []):
                plain = re.sub(r"\$__(rate_interval|range)", "5m", one["expr"]).replace("$server", ".*").replace("$project", ".*")
                rules.append({"record": f"panel:{panel['id']}:{one['refId']}", "expr": plain})
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
            file.flush()
            promtool("check", "rules", file.name)


def main():
    first, last = lab.free_ports(5)
    conflict = socket.socket()
    conflict.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with tempfile.TemporaryDirectory(prefix="bm-", dir="/tmp") as folder:
        gate = Path(folder) / "gate"
        quick = {"backoff__initial": "20ms", "ready__settle": "50ms"}
        servers = lab.server("well", lab.hostile(), **quick)
        servers += lab.server("crashes", lab.hostile(), [f"--count-file={folder}/count", "--misbehave-times=3", "--exit=1"],
                              **quick)
        servers += lab.server("conflict", lab.hostile(), [f"--listen-when={gate}", "--on-busy=exit1-message"], **quick)
        servers += lab.server("missing", "no-such-program")
        with lab.Project(servers, ports=(first, last), head=f"[metrics]\nport = {last}\n") as project:
            project.up(wait=False)
            port = project.until("conflict", lambda one: one["pid"], 30)[0]["port"]
            conflict.bind(("127.0.0.1", port))
            conflict.listen(1)
            gate.write_text("")
            for name in ("well", "crashes", "conflict"):
                one, good = project.until(name, lambda one: one["state"] == "ready", 30)
                check(good, f"{name} is {one['state']}: {one['detail']}")
            project.until("missing", lambda one: one["state"] == "failed", 30)

            text = scrape(last)
            found = samples(text)
            histograms(found)
            agrees_with_status(project, found)
            check(found[("berth_server_restarts_total", (("cause", "crash"), ("server", "crashes")))] == 3, "crashes")
            check(found[("berth_server_port_conflicts_total", (("server", "conflict"),))] == 1, "conflicts")
            check(found[("berth_ports_dead", ())] == 1, "dead ports")
            check(found[("process_open_fds", ())] > 3, "descriptors")
            check(abs(found[("process_start_time_seconds", ())] - time.time()) < 300, "start time")
            check_dashboard(text)
            if PROMTOOL:
                promtool("check", "metrics", text=text)
    conflict.close()
    print("FAILED" if failures else f"{len(found)} samples are as they should be" + ("" if PROMTOOL else "; no promtool"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
