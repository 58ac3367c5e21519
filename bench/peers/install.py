"""Gets supervisors that are not there into a folder of their own: packages of the distribution, downloaded and unpacked
but not installed, so that no service is started and nothing needs root; pm2 from npm."""

import os
import shutil
import subprocess

PACKAGES = {"supervisord": "supervisor", "runsvdir": "runit", "s6-svscan": "s6", "svscan": "daemontools"}


def folders_of(tools):
    tools = tools.resolve()
    found = (tools / "debian/usr/bin", tools / "debian/usr/sbin", tools / "node_modules/.bin")
    return [folder for folder in found if folder.is_dir()]


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False)
    return done.stdout.endswith(" installed")


def needs(package):
    """The package and what it directly depends on, less what is installed."""
    done = subprocess.run(["apt-cache", "depends", "--important", package], capture_output=True, text=True, check=False)
    names = [line.split()[-1] for line in done.stdout.splitlines() if "Depends:" in line and "<" not in line]
    return [name for name in dict.fromkeys([package, *names]) if ":" not in name and not installed(name)]


def unpack(package, tools):
    if not shutil.which("apt-get"):
        print(f"not installed: {package}: there is no apt-get")
        return
    for one in needs(package):
        done = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", one], cwd=tools,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"not installed: {one}: {(done.stderr.strip() or 'apt-get download failed').splitlines()[-1]}")
        for archive in tools.glob(f"{one}_*.deb"):
            subprocess.run(["dpkg", "-x", archive, tools / "debian"], check=True)
            archive.unlink()


def install(tools):
    tools = tools.resolve()
    (tools / "debian").mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([*map(str, folders_of(tools)), os.environ["PATH"]])
    for program, package in PACKAGES.items():
        if not shutil.which(program, path=path):
            unpack(package, tools)
    if not shutil.which("pm2", path=path):
        if shutil.which("npm"):
            command = ["npm", "install", "--prefix", tools, "--no-audit", "--no-fund", "--loglevel=error", "pm2"]
            subprocess.run(command, check=False)
        else:
            print("not installed: pm2: there is no npm")
