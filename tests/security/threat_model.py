"""Every test that docs/threat-model.md names exists: `FOLDER-PREFIX.NAME` in backquotes, as ctest lists it.

The names are looked up in the sources, so that nothing has to be built: berth_test(…) gives the prefix of a folder,
TEST_CASE the names, add_test what is no Catch2 test. Exit code 1, with a line for each name that is not there.
"""

import re
import sys
from pathlib import Path

LITERAL = r'"((?:[^"\\]|\\.)*)"'
CASE = re.compile(r"\bTEST_CASE(?:_METHOD\(\s*\w+\s*,|\()\s*((?:" + LITERAL + r"\s*)+)")
SUITE = re.compile(r"\bberth_test\(\s*(\w+)\s+(\S+\.)\s")
OTHER = re.compile(r"\badd_test\(\s*NAME\s+([\w.]+)")
FILE = re.compile(r"[\w.-]+\.(log|toml|json|sock|lock|md|py|hpp|cpp)(\.\w+)?")


def names_in(source):
    for found in CASE.finditer(source.read_text(encoding="utf-8")):
        yield "".join(re.findall(LITERAL, found.group(1))).replace('\\"', '"').replace("\\\\", "\\")


def known(tests):
    """All names, and the prefixes that a name may begin with."""
    names, prefixes = set(), set()
    for lists in tests.rglob("CMakeLists.txt"):
        text = lists.read_text(encoding="utf-8")
        names.update(OTHER.findall(text))
        for _, prefix in SUITE.findall(text):
            if "$" in prefix:
                continue
            prefixes.add(prefix)
            # The cases of all files of its folder: a few belong to another program of the same folder.
            names.update(prefix + name for source in lists.parent.rglob("*.cpp") for name in names_in(source))
    return names, prefixes | {name.split(".")[0] + "." for name in names}


def main():
    root = Path(sys.argv[1])
    names, prefixes = known(root / "tests")
    page = root / "docs" / "threat-model.md"
    asked, missing = 0, 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        for word in re.findall(r"`([^`]+)`", line):
            if word in prefixes or not word.startswith(tuple(prefixes)) or FILE.fullmatch(word):
                continue
            asked += 1
            if word not in names:
                missing += 1
                print(f"{page.relative_to(root)}:{number}: there is no test `{word}`")
    if asked == 0:
        print(f"{page.relative_to(root)} names no test")
    print(f"{asked} names of tests, {missing} unknown")
    sys.exit(1 if missing or asked == 0 else 0)


if __name__ == "__main__":
    main()
