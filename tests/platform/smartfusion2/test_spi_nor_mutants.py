#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power cuts of the serial NOR can fail: they are run on copies of its driver with a bug in each,
and have to find every one of them.

usage: test_spi_nor_mutants.py        the compiler is $CONNECT_AUTH_CXX, or c++
"""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'support'))
import mutants  # noqa: E402

DRIVER = 'platform/smartfusion2/spi_nor.cc'
AREA = 'platform/smartfusion2/spi_nor_flash.cc'
UNCHANGED = ['agent/store/ring_storage.cc', 'agent/store/ring_layout.cc', 'tests/agent/ring_sweep.cc',
             'tests/platform/smartfusion2/test_spi_nor_power_cuts.cc']
OPTIONS = ['-std=c++20', '-O2', '-fno-exceptions', '-fno-rtti', '-I', mutants.ROOT]

HANGS = 'a part that went away is waited for without an end'

# What is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'writing is enabled for the first change only': [
        (DRIVER, '  Status status = EnableWriting();\n',
         '  static bool enabled = false;\n'
         '  Status status = enabled ? Status::kOk : EnableWriting();\n'
         '  enabled = true;\n'),
    ],
    'nobody waits while the part is busy': [
        (DRIVER, '    status = WaitWhileBusy(at_most);\n', '    static_cast<void>(at_most);\n'),
    ],
    'pages have no end': [
        (DRIVER, 'const std::size_t room = kPageBytes - address % kPageBytes;',
         'const std::size_t room = data.size();'),
    ],
    'a page ends an octet too late': [
        (DRIVER, 'room = kPageBytes - address % kPageBytes;',
         'room = kPageBytes + 1 - address % kPageBytes;'),
    ],
    'blocks are erased by the command for 4 KB': [
        (DRIVER, 'kBlockErase = 0xD8;', 'kBlockErase = 0x20;'),
    ],
    'a block is granted the time of a page': [
        (DRIVER, '{}, kEraseTime);', '{}, kProgramTime);'),
    ],
    HANGS: [
        (DRIVER, 'if (late) {', 'if (late && status.value() != kNobody) {'),
    ],
    'addresses have no upper octet': [
        (DRIVER, '{code, static_cast<std::uint8_t>(address >> 16),', '{code, std::uint8_t{0},'),
    ],
    'programs are not in their area': [
        (AREA, 'part_.Program(first_ + address, data)', 'part_.Program(address, data)'),
    ],
    'erases are not in their area': [
        (AREA, 'part_.EraseBlock(first_ + address)', 'part_.EraseBlock(address)'),
    ],
}


class SpiNorMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            objects = mutants.compile_unchanged(UNCHANGED, OPTIONS, folder)

            def command(copies):
                """What the compiler has to do: the driver, changed or not, and the rest as it is."""
                sources = [copies.get(name, mutants.ROOT / name) for name in (DRIVER, AREA)]
                return [*OPTIONS, *sources, *objects]

            mutants.check_each_is_caught(self, MUTANTS, command, hanging=[HANGS])


if __name__ == '__main__':
    unittest.main()
