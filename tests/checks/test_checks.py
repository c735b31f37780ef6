#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each check passes on the project, and finds each violation in seeded/: a check that cannot fail
checks nothing.

CONNECT_AUTH_BUILD names a build directory, CONNECT_AUTH_CXX its compiler.
"""
import contextlib
import io
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEEDED = HERE / 'seeded'
BUILD = pathlib.Path(os.environ.get('CONNECT_AUTH_BUILD', ROOT / 'build/release'))
CXX = os.environ.get('CONNECT_AUTH_CXX', 'c++')
MINIMAL = BUILD / 'tests/size/connect_auth_minimal'
SKIPPED = 77


class Checks(unittest.TestCase):
    def run_check(self, script, *arguments):
        """Returns exit status and findings."""
        run = subprocess.run([sys.executable, HERE / script, *arguments], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, check=False)
        return run.returncode, run.stdout

    def assert_passes(self, script, *arguments):
        status, findings = self.run_check(script, *arguments)
        self.assertEqual(status, 0, findings)

    def assert_finds(self, wanted, script, *arguments):
        """Fails unless there is exactly one finding for each of `wanted`."""
        status, findings = self.run_check(script, *arguments)
        self.assertEqual(status, 1, findings)
        for words in wanted:
            self.assertIn(words, findings)
        self.assertEqual(len(findings.splitlines()), len(wanted), findings)

    def seeded_files(self, check):
        paths = sorted(path for path in (SEEDED / check).rglob('*') if path.is_file())
        self.assertTrue(paths)
        return [path.relative_to(SEEDED / check).as_posix() for path in paths]

    def test_layering(self):
        wrong = [path for path in self.seeded_files('layering') if path != 'agent/own_header_last.h']
        self.assert_finds(wrong, 'layering.py', SEEDED / 'layering')
        self.assert_passes('layering.py')

    def test_spdx(self):
        self.assert_finds(self.seeded_files('spdx'), 'spdx.py', SEEDED / 'spdx')
        self.assert_passes('spdx.py')

    def test_format(self):
        self.assert_finds(self.seeded_files('format'), 'format.py', SEEDED / 'format')
        self.assert_passes('format.py')

    def test_statuses(self):
        self.assert_finds(['thing.h: no test sees Act() return kTimeout',
                           'door.h: no test sees Open() return kPending'],
                          'statuses.py', SEEDED / 'statuses')
        self.assert_passes('statuses.py')

    def test_names_in_c(self):
        """The violations are two names that changed places, and one that is missing."""
        with tempfile.TemporaryDirectory() as scratch:
            for part in ('agent', 'port', 'tests'):
                shutil.copytree(ROOT / part, pathlib.Path(scratch, part))
            header = pathlib.Path(scratch, 'agent/c_api.h')
            text = header.read_text()
            changed = text.replace('  CONNECT_AUTH_REASON_URL_NOT_HTTPS,\n  CONNECT_AUTH_REASON_URL_MALFORMED,',
                                   '  CONNECT_AUTH_REASON_URL_MALFORMED,\n  CONNECT_AUTH_REASON_URL_NOT_HTTPS,')
            header.write_text(changed.replace('  CONNECT_AUTH_OAUTH_INVALID_SCOPE,\n', ''))
            self.assert_finds(['CONNECT_AUTH_REASON_...', 'CONNECT_AUTH_OAUTH_...'], 'statuses.py', scratch)

    def test_manual(self):
        """The violations are small changes of the program, the pages and the README."""
        self.assert_passes('manual.py')
        program, pages = 'platform/linux', 'platform/linux/packaging/manual'
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch, 'root')
            for file, old, new, finding in (
                    (f'{program}/setting_table.h', '"pin"', '"pins"', 'README.md: no setting server pins'),
                    (f'{program}/setting_table.h', '3600}', '7200}', 'limits timeout: nothing of 7200'),
                    (f'{program}/options.h', '"force"', '"forced"', 'the program has no option -force'),
                    (f'{program}/command_line.cc', 'Name{"code"', 'Name{"exchange"', 'no command exchange'),
                    (f'{program}/problem.h', 'kStorage = 8', 'kStorage = 9', 'README.md: no exit code 9'),
                    (f'{program}/configuration.cc', 'getenv("HOME")', 'getenv("HOUSE")', 'no variable HOUSE'),
                    (f'{pages}/connect-auth.conf.5', '.It Ic gain\n', '', 'no setting store gain'),
                    (f'{pages}/connect-auth.conf.5', 'default: 43200', 'default: 1', 'the default is 43200'),
                    (f'{pages}/connect-auth.1', '.It 7\n', '', 'connect-auth.1: no exit code 7'),
                    (f'{pages}/connect-auth.1', '.Sh FILES', '.Sh', 'connect-auth.1:'),
                    (f'{pages}/connect-auth.1', '.It Va obtained_at\n', '', 'no member of the status obtained_at'),
                    (f'{program}/status_facts.cc', '"token_stored"', '"stores"', 'no member of the status token_stored'),
                    ('README.md', '`max_token`', '`longest`', 'README.md: no setting limits max_token'),
                    ('README.md', '| 43200 |', '| 1 |', 'refused_wait: the default is 43200')):
                with self.subTest(finding):
                    shutil.rmtree(root, ignore_errors=True)
                    shutil.copytree(ROOT / program, root / program)
                    shutil.copy(ROOT / 'README.md', root)
                    text = (root / file).read_text()
                    self.assertIn(old, text)
                    (root / file).write_text(text.replace(old, new))
                    status, findings = self.run_check('manual.py', root)
                    self.assertEqual(status, 1)
                    self.assertIn(finding, findings)

    def test_not_compile(self):
        self.assert_finds(['broken_control.cc: should compile', 'compiles.cc: compiles',
                           'other_reason.cc: fails for another reason'],
                          'not_compile.py', CXX, SEEDED / 'not_compile')
        self.assert_passes('not_compile.py', CXX)

    def test_no_heap_finds_each_kind(self):
        kinds = {'guarded_static': '__cxa_guard_acquire', 'operator_new': '_Znwm',
                 'printing': 'printf', 'registered_destructor': '__cxa_atexit',
                 'throwing_library': '__throw_out_of_range', 'virtual_destructor': '_ZdlPv',
                 'image': 'snprintf'}
        self.assertEqual({f'{kind}.cc' for kind in kinds}, set(self.seeded_files('no_heap')))
        with tempfile.TemporaryDirectory() as scratch:
            for kind, symbol in kinds.items():
                with self.subTest(kind):
                    made = pathlib.Path(scratch, kind if kind == 'image' else f'{kind}.o')
                    subprocess.run([CXX, '-std=c++20', '-O1', '-fno-exceptions', '-fno-rtti',
                                    *([] if kind == 'image' else ['-c']), '-o', made,
                                    SEEDED / f'no_heap/{kind}.cc'], check=True)
                    status, findings = self.run_check('no_heap.py', made)
                    self.assertEqual(status, 1)
                    self.assertIn(symbol, findings)

    @unittest.skipUnless(MINIMAL.exists(), f'no {MINIMAL}')
    def test_no_heap_passes_on_the_minimal_image(self):
        self.assert_passes('no_heap.py', MINIMAL)

    @unittest.skipUnless(shutil.which('clang-tidy-14') and BUILD.exists(), 'no clang-tidy or build')
    def test_tidy(self):
        tidy = ('tidy.py', '--build', BUILD)
        self.assert_passes(*tidy, ROOT / 'port/status.h')
        status, findings = self.run_check(*tidy, SEEDED / 'tidy/misnamed.cc')
        self.assertEqual(status, 1)
        for words in ("class 'thing'", "method 'doIt'", "parameter 'Times'",
                      "private member 'member'", 'misc-no-recursion', 'init-variables'):
            self.assertIn(words, findings)

    def test_call_graph(self):
        sys.path.insert(0, str(ROOT / 'tests/size'))
        import call_graph  # pylint: disable=import-outside-toplevel
        seeded = SEEDED / 'call_graph/seeded.cc'
        with tempfile.TemporaryDirectory() as scratch:
            target = pathlib.Path(scratch, 'seeded.o')
            subprocess.run(['g++', '-std=c++20', '-O0', '-c', seeded, '-fcallgraph-info=su', '-o', target], check=True)
            graph = call_graph.Graph([target.with_suffix('.ci').read_text()])
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            problems = [*call_graph.judge(graph, 'it', '^Count', 1000), *call_graph.judge(graph, 'it', '^Fill', 1000),
                        *call_graph.judge(graph, 'it', '^Ask', 1000)]
        self.assertEqual([re.sub(r'\d{4} octets', 'many octets', problem) for problem in problems], [
            'recursive: CountDown -> CountOn -> CountDown', 'recursive: CountOn -> CountDown -> CountOn',
            'it: many octets, 1000 are allowed'], shown.getvalue())
        self.assertEqual([problem.partition(' at ')[0] for problem in graph.unknown], ['Ask calls through a pointer'])

    @unittest.skipUnless(shutil.which('cppcheck') and BUILD.exists(), 'no cppcheck or build')
    def test_analyze(self):
        analyze = ('analyze.py', '--build', BUILD)
        self.assert_passes(*analyze, ROOT / 'agent/tls/engine.cc')
        self.seeded_files('analyze')
        status, findings = self.run_check(*analyze, *sorted((SEEDED / 'analyze').iterdir()))
        self.assertEqual(status, 1)
        for words in ('does_not_look.c:6:11: error: dereference of possibly-NULL', 'frees_twice.cc:9:14: error: double-',
                      'asks_twice.cc:9: ', '3 files, '):
            self.assertIn(words, findings)

    @unittest.skipUnless(MINIMAL.exists(), f'no {MINIMAL}')
    def test_sizes(self):
        status, findings = self.run_check('../size/sizes.py', '--build', BUILD,
                                          '--tables', SEEDED / 'sizes')
        if status == SKIPPED:
            self.skipTest(findings)
        self.assertEqual(status, 1)
        self.assertIn('sizes: encoding: 1 in the table', findings)


if __name__ == '__main__':
    unittest.main()
