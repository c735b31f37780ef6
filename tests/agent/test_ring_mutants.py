#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power-cut harness can fail: it is run on copies of the ring store with a bug in each, and has to
find every one of them.

usage: test_ring_mutants.py        the compiler is $CONNECT_AUTH_CXX, or c++
"""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import mutants  # noqa: E402

STORE = 'agent/store/ring_storage.cc'
LAYOUT = 'agent/store/ring_layout.cc'
HARNESS = ['tests/agent/test_ring_power_cuts.cc', 'tests/agent/ring_sweep.cc']

# What is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'the commit mark comes before the content, and does not cover it': [
        (STORE, '         (record.at == 0 ? Put(at, content) : Check(record, {}, &at)) && '
         'PutMark(at, record.crc) &&\n         PutMark(at, record.crc);',
         '         PutMark(commit_at, record.crc) && PutMark(commit_at, record.crc) &&\n'
         '         (record.at == 0 ? Put(at, content) : Check(record, {}, &at));'),
        (STORE, '  record.header.Seal(distance);\n',
         '  record.header.Seal(distance);\n'
         '  std::uint32_t commit_at = at + layout_.commit_at(record.header.size());\n'),
        (STORE, '  return crc == record.crc;\n', '  return true;\n'),
    ],
    'the last record is not settled': [
        (STORE, 'IsUnitBlank(log_.end - layout_.unit));', 'false);'),
    ],
    'the last record is settled where it lies': [
        (STORE, '  return log_.end != 0 &&',
         '  if (log_.end != 0 && IsUnitBlank(log_.end - layout_.unit)) {\n'
         '    std::uint32_t at = log_.end - 2 * layout_.unit;\n'
         '    static_cast<void>(Put(at, Mark{}) && Put(at, Mark{}));\n'
         '  }\n'
         '  return log_.end != 0 &&'),
    ],
    'open marks are not settled': [
        (STORE, '(IsUnitBlank(open_copy_at) ||', '(open_copy_at == 0 ||'),
    ],
    'blocks that were taken are not settled': [
        (STORE, 'if (state == BlockState::kTaken) {', 'if (state == BlockState::kTaken && !answers) {'),
    ],
    'what is programmed is not read back': [
        (STORE, '(flash_.Program(begin, data) == Status::kOk && Holds(begin, data.data(), size));',
         'flash_.Program(begin, data) == Status::kOk;'),
    ],
    'a block is opened before its records are there': [
        (STORE, '!PutMark(at, 0) || !CarryOver(record, log, false) || !PutMark(at, epoch_)',
         '!PutMark(at, 0) || !PutMark(at, epoch_) || !CarryOver(record, log, false)'),
    ],
    'blocks are erased when they are needed': [
        (STORE, 'chore_ != Chore::kNone && step < block_count_',
         'chore_ == Chore::kNone && step < block_count_'),
    ],
    'a record is appended to what a reset touched': [
        (STORE, '  return IsBlank(at, layout_.RecordBytes(content.size())) && PutMark(at, 0) &&',
         '  return PutMark(at, 0) &&'),
    ],
    'a block that reads as blank counts as erased': [
        (STORE, 'if (!ReadMark(base, number)) {',
         'if (!ReadMark(base, number) && !IsBlank(base, layout_.block_bytes)) {'),
    ],
    'there is no falling back to the record before': [
        (STORE, 'passes over a damaged record at", at);', 'stops at a damaged record at", at);\n    break;'),
    ],
    'a flipped bit in a header is not mended': [
        (LAYOUT, 'if (effect == difference) {', 'if (effect == 0) {'),
    ],
    'copies of marks are not read': [
        (STORE, 'return ReadMark(at, number) || ReadMark(at + layout_.unit, number);',
         'return ReadMark(at, number);'),
    ],
    'a move forgets the other records': [
        (STORE, 'newest.at == at &&', 'newest.at == 0 &&'),
    ],
    'a move takes erased records along': [
        (STORE, 'return found.header.kind() == Kind::kErased ? Status::kNotFound : Status::kOk;',
         'return Status::kOk;'),
    ],
    'a boot forgets that blocks are to be erased': [
        (STORE, '  chore_ = Chore::kErase;\n  for', '  chore_ = Chore::kNone;\n  for'),
    ],
    'a boot forgets that the log holds an erased record': [
        (STORE, '    if (record.header.kind() == Kind::kErased) {\n      chore_ = Chore::kMove;\n    }\n',
         ''),
    ],
    'erased records stay in the log': [
        (STORE, '  if (kind == Kind::kErased) {\n    chore_ = Chore::kMove;\n  }\n', ''),
    ],
    'bad blocks are forgotten': [
        (STORE, 'if (record.header.kind() == Kind::kBadBlocks && !Check(record, bad_, nullptr)) {',
         'if (record.header.kind() == Kind::kBadBlocks) {'),
    ],
    'a block that could not be erased is tried again and again': [
        (STORE, '  FlipBad(block);\n  const Status status = Write(', '  const Status status = Write('),
    ],
}


OPTIONS = ['-std=c++20', '-O2', '-fno-exceptions', '-fno-rtti', '-I', mutants.ROOT]


class RingMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        with tempfile.TemporaryDirectory() as folder:
            objects = mutants.compile_unchanged(HARNESS, OPTIONS, folder)

            def command(copies):
                """What the compiler has to do: the ring store, changed or not, and the harness."""
                sources = [copies.get(name, mutants.ROOT / name) for name in (STORE, LAYOUT)]
                return [*OPTIONS, *sources, *objects]

            mutants.check_each_is_caught(self, MUTANTS, command, time_limit=300)


if __name__ == '__main__':
    unittest.main()
