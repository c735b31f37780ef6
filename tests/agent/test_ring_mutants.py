#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The power-cut harness can fail: it is run on copies of the ring store with a bug in each, and has to
find every one of them.

usage: test_ring_mutants.py        the compiler is $CONNECT_AUTH_CXX, or c++
"""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import mutants  # noqa: E402

STORE = 'agent/store/ring_storage.cc'
LAYOUT = 'agent/store/ring_layout.cc'
HARNESS = ['tests/agent/test_ring_power_cuts.cc', 'tests/agent/ring_sweep.cc']

# What is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'the commit mark comes before the content, and does not cover it': [
        (STORE, '!PutContent(record, content_at, crc)) {',
         '!PutTwice(commit_at, CommitMarkOf(crc)) || !PutContent(record, content_at, crc)) {'),
        (STORE, '  if (!PutTwice(commit_at, CommitMarkOf(crc))) {\n    return false;\n  }\n', ''),
        (STORE, '    crc = Crc32(part, crc);\n  }\n  mark =', '  }\n  mark ='),
    ],
    'the last record is not settled': [
        (STORE, 'bool RingStorage::SettleLast(const Entry& last) {\n',
         'bool RingStorage::SettleLast(const Entry& last) {\n  if (last.at != kNowhere) return false;\n'),
        (STORE, '  dirty_ = dirty_ || !settled;\n', ''),
    ],
    'what was settled is not read again': [
        (STORE, 'constexpr int kMostSurveys = 4;', 'constexpr int kMostSurveys = 1;'),
        (STORE, '  mark = CommitMarkOf(crc);\n', '  mark = CommitMarkOf(crc);\n'
         '  if (!mounted_ && entry.at != kNowhere) return false;\n'),
    ],
    'open marks are not settled': [
        (STORE, 'settled = Settle(block, open, mark) || settled;', 'settled = settled || false;'),
    ],
    'what is programmed is not read back': [
        (STORE, 'fine = Read(at, part) && AsText(part) == AsText(data.first(part.size()));',
         'fine = Read(at, part);'),
    ],
    'a block is opened before its records are there': [
        (STORE, 'if (!PutIntent(base + layout_.taken_mark_at()) ||',
         'if (!PutIntent(base + layout_.taken_mark_at()) || '
         '!PutTwice(base + layout_.open_mark_at(), mark.Encode(layout_)) ||'),
    ],
    'blocks are erased when they are needed': [
        (STORE, '    if (IsUsable(block)) {\n', '    if (!wiping_ || IsUsable(block)) {\n'),
    ],
    'a record is appended to what a reset touched': [
        (STORE, 'dirty_ = layout_.unit > log_limit() - end_ || !IsBlank(end_, layout_.unit);',
         'dirty_ = false;'),
        (STORE, 'next > limit || !IsBlank(at, next - at) ||', 'next > limit ||'),
    ],
    'a block that reads as blank counts as erased': [
        (STORE, 'const bool erased = answers && erased_mark == kErasedMark;',
         'const bool erased = answers && (erased_mark == kErasedMark || '
         'IsBlank(base, layout_.block_bytes));'),
    ],
    'there is no falling back to the record before': [
        (STORE, '    limit = newest;\n', '    break;\n'),
    ],
    'a flipped bit in a header is not mended': [
        (LAYOUT, 'if (!IsSound(image) && !Mend(image)) {', 'if (!IsSound(image)) {'),
    ],
    'marks have no copy': [
        (STORE, 'return Put(at, mark) && Put(at + layout_.Align(mark.size()), mark);',
         'return Put(at, mark);'),
    ],
    'a move forgets the other records': [
        (STORE, 'newest.at == entry.at;', 'newest.at == kNowhere;'),
    ],
    'a move takes erased records along': [
        (STORE, 'return entry.header.kind == RecordHeader::Kind::kRecord ? Status::kOk : '
         'Status::kNotFound;', 'return Status::kOk;'),
    ],
    'a wipe is not resumed': [
        (STORE, '      wiping_ = mark.wipe_others;\n    }\n  }\n', '    }\n  }\n'),
    ],
    'nothing is wiped': [
        (STORE, 'const OpenMark mark{epoch_ + 1, wipe || saw_erased_ || wiping_};',
         'const OpenMark mark{epoch_ + 1, wipe && epoch_ == 0};'),
    ],
    'bad blocks are forgotten': [
        (STORE, 'if (Find({}, entry, bad_) != Status::kOk || entry.header.size != bad_.size()) {',
         'if (entry.at != kNowhere) {'),
    ],
    'units are programmed twice where there is an ECC': [
        (STORE, 'reprogrammable_ = geometry.reprogrammable;', 'reprogrammable_ = true;'),
    ],
}


def command(copies):
    """What the compiler has to do: the ring store, changed or not, and the harness."""
    sources = [copies.get(name, mutants.ROOT / name) for name in (STORE, LAYOUT)]
    return ['-std=c++20', '-O1', '-fno-exceptions', '-fno-rtti', '-I', mutants.ROOT, *sources,
            *(mutants.ROOT / path for path in HARNESS)]


class RingMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, MUTANTS, command)


if __name__ == '__main__':
    unittest.main()
