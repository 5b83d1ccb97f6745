#!/usr/bin/env python3
"""Run go test and fail when a suite that was meant to run did not.

usage: gotest.py [--names NAME,...] [go test arguments] PACKAGE...

Prints failures, skips and one line a package, from `go test -json`, and
closes with "N passed, N failed, N skipped". It fails when

  - a test fails or a package does not build,
  - a package that has tests passed none of them,
  - a name of --names passed in no package. --names selects what is run as
    -run would; a name may be a path of subtests, each part a whole name.
"""

import collections
import json
import re
import subprocess
import sys

TAIL = 6000  # characters of a failure's output that are shown


def selection(names):
    """The -run pattern that selects these names, with what is below them."""
    return "|".join("/".join(f"^{re.escape(part)}$" for part in name.split("/")) for name in names)


class Report:
    def __init__(self):
        self.output = collections.defaultdict(list)
        self.passed = collections.defaultdict(set)
        self.counts = collections.Counter()
        self.tested = set()  # packages that ran or skipped some test
        self.faults = []

    def event(self, e):
        package, test, action = e.get("Package"), e.get("Test"), e.get("Action")
        key = (package, test)
        if action == "output":
            self.output[key].append(e.get("Output", ""))
        elif action == "build-output":
            self.output["build"].append(e.get("Output", ""))
        elif test and action in ("pass", "fail", "skip"):
            self.tested.add(package)
            self.counts[action] += 1
            text = "".join(self.output.pop(key, []))
            if action == "pass":
                self.passed[package].add(test)
            elif action == "fail":
                print("FAILED", package, test, text if len(text) <= 2 * TAIL else text[:TAIL] + "\n[…]\n" + text[-TAIL:], sep="\n")
            else:
                print("skipped", package, test, text[-300:].strip().replace("\n", " | "))
        elif action in ("pass", "fail", "skip"):
            text = "".join(self.output.pop(key, [])).strip()
            if action == "fail":
                self.faults.append(f"{package} failed")
                print("FAILED", package, text[-TAIL:], sep="\n")
            else:
                print(text.splitlines()[-1] if text else f"ok {package}")

    def close(self, names):
        print("".join(self.output["build"]), end="")
        for package in sorted(self.tested):
            if not self.passed[package]:
                self.faults.append(f"{package} has tests and passed none")
        everything = set().union(*self.passed.values()) if self.passed else set()
        self.faults += [f"{name} passed in no package" for name in names if name not in everything]
        if not everything:
            self.faults.append("no test passed")
        for fault in self.faults:
            print("fault:", fault)
        c = self.counts
        print(f"{c['pass']} passed, {c['fail']} failed, {c['skip']} skipped")


def main(arguments):
    names = []
    if arguments[0] == "--names":
        names = arguments[1].split(",")
        arguments = ["-run", selection(names)] + arguments[2:]
    run = subprocess.Popen(["go", "test", "-json"] + arguments, stdout=subprocess.PIPE, text=True, errors="replace")
    report = Report()
    for line in run.stdout:
        try:
            report.event(json.loads(line))
        except ValueError:
            print(line, end="")
    status = run.wait()
    report.close(names)
    return 1 if status or report.faults else 0


sys.exit(main(sys.argv[1:]))
