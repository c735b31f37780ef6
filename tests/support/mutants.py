# SPDX-License-Identifier: Apache-2.0
"""Runs a harness on copies of the project's code with a bug in each: one that passes all the same does
not test that.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPILER = os.environ.get('CONNECT_AUTH_CXX', 'c++')


def write_changed(changes, folder):
    """Writes changed copies of files into the folder.

    changes   (file, text, text instead), the file relative to the project; each text is there once
    Returns {file: its copy}; raises ValueError where a text is not there once.
    """
    texts = {}
    for name, old, new in changes:
        text = texts.get(name) or (ROOT / name).read_text()
        if text.count(old) != 1:
            raise ValueError(f'{name} has {text.count(old)} times: {old}')
        texts[name] = text.replace(old, new)
    copies = {}
    for name, text in texts.items():
        copies[name] = folder / pathlib.Path(name).name
        copies[name].write_text(text)
    return copies


def build_and_run(changes, folder, command, arguments, time_limit, hangs):
    """Runs a mutant. One that `hangs` may be stopped by the time limit, which is an error of others.

    Returns (whether it was built, the compiler's words), (whether the harness passed, its words)."""
    folder.mkdir()
    program = folder / 'harness'
    try:
        copies = write_changed(changes, folder)
    except ValueError as error:
        return (False, str(error)), (False, '')
    compiled = subprocess.run([COMPILER, *command(copies), '-o', program], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
    if compiled.returncode != 0:
        return (False, compiled.stdout), (False, '')
    try:
        ran = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, timeout=time_limit, check=False)
    except subprocess.TimeoutExpired:
        if not hangs:
            raise
        return (True, ''), (False, f'hangs: no end within {time_limit} s')
    program.unlink()
    return (True, ''), (ran.returncode == 0, ran.stdout)


def compile_unchanged(names, options, folder):
    """What no mutant changes, compiled once: the objects."""
    objects = [pathlib.Path(folder, pathlib.Path(name).stem + '.o') for name in names]
    for name, compiled in zip(names, objects):
        subprocess.run([COMPILER, *options, '-c', ROOT / name, '-o', compiled], check=True)
    return objects


def check_each_is_caught(test, mutants, command, arguments=(), time_limit=120, hanging=()):
    """Lets a unittest fail for each mutant that does not compile, or that the harness passes.

    mutants   {what is wrong: changes}
    command   from the changed copies, as of write_changed, to the arguments of the compiler
    hanging   names of mutants that never end; they get less time
    """
    limit_of_hanging = min(time_limit, 30)
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {name: pool.submit(build_and_run, changes, pathlib.Path(scratch, str(number)), command,
                                  arguments, limit_of_hanging if name in hanging else time_limit, name in hanging)
                for number, (name, changes) in enumerate(mutants.items())}
        for name, job in jobs.items():
            with test.subTest(name):
                (compiled, errors), (passed, words) = job.result()
                test.assertTrue(compiled, errors)
                test.assertFalse(passed, f'not caught: {name}')
                first = next((line for line in words.splitlines() if ': ' in line), words)
                print(f'caught: {name}: {first}')
