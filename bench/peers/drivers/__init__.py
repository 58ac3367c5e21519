"""Supervisors, a file each. To add one: a file with a function `drivers`, and its name here."""

import importlib

MODULES = ("floor", "berth", "dinit", "supervisord", "runit", "s6", "daemontools", "pm2")


def all_drivers(options):
    return [driver for name in MODULES for driver in importlib.import_module(f"drivers.{name}").drivers(options)]
