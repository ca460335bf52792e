#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the manual page: what PAGE says, with all commands as the program itself explains them where PAGE has
@COMMANDS@, so that the two never differ. manual.py OPENLINE PAGE"""
import os
import re
import subprocess
import sys

ENGLISH = dict(os.environ, OPENLINE_LANG="en")
EVERYWHERE = ("--help", "--home", "--json")


def plain(text):
    """As text of a manual page, which nothing in it can end or command."""
    text = re.sub(r"([^.])\. (?=[A-Z])", "\\1.\n", text.replace("\\", "\\e"))  # a sentence, a line
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def told(openline, *args):
    return subprocess.run([openline, *args, "--help"], stdout=subprocess.PIPE, env=ENGLISH, text=True, check=True).stdout


def option(line):
    """-p, --precedence WORD      what it is"""
    names, said = re.fullmatch(r" +(\S.*?) {2,}(.*)|", line).groups()
    word = names.split(" ")[-1] if not names.split(" ")[-1].startswith("-") else ""
    flags = " , ".join("Fl " + name.strip(" ,")[1:] for name in names.split(" ") if name.startswith("-"))
    return f".It {flags}{' Ar ' + word if word else ''}\n{plain(said)}\n"


def command(openline, name):
    usage, said, options = told(openline, name).split("\n\n", 2)
    kept = [line for line in options.splitlines() if not any(word in line.split() for word in EVERYWHERE)]
    text = f".Ss {name}\n.Bd -literal -compact\n{plain(usage.removeprefix('usage: '))}\n.Ed\n.Pp\n{plain(said)}\n"
    if kept:
        text += ".Bl -tag -width 16n -compact -offset 2n\n" + "".join(map(option, kept)) + ".El\n"
    return text


def main():
    openline, page = sys.argv[1:]
    names = re.findall(r"^  (\w+) +\S", told(openline).split("\n\n")[1], re.M)
    with open(page, encoding="utf-8") as file:
        sys.stdout.write(file.read().replace("@COMMANDS@\n", "".join(command(openline, name) for name in names)))


main()
