#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The fuzz targets can fail: their corpora alone find each of these bugs, planted in the agent.

usage: test_fuzz_mutants.py FOLDER   has TARGET.link of each target: what the compiler is given besides
                                     the changed copies; the compiler is $CONNECT_AUTH_CXX, or c++
"""
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'support'))
import mutants  # noqa: E402

AGENT = 'agent/agent.cc'
DATE = 'agent/http/http_date.cc'
JSON_TEXT = 'agent/oauth/json_text.cc'
ORIGIN = 'agent/http/origin.cc'
PARSER = 'agent/http/response_parser.cc'
RESPONSE = 'agent/oauth/token_response.cc'
RING = 'agent/store/ring_storage.cc'
STATE = 'agent/store/state_record.cc'

# For each target what is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'agent': {
        'a code is not remembered': [
            (AGENT, '  state_.spent_code = DigestOfCode(settings_.code);\n', '')],
        'there is no back-off': [
            (AGENT, '          backoff_.AfterFailure({remedy, token_failure_.retry_after_s, EndOfToken()}, '
             'clock_.Now());', '          clock_.Now();')],
        'an error beside a token does not count': [
            (RESPONSE, '  if (failure.oauth_error == OAuthError::kNone) {\n    return ReadGranted',
             '  if (failure.oauth_error != OAuthError::kOther) {\n    return ReadGranted')],
    },
    'http_date': {
        'the day of the week does not matter': [
            (DATE, '(days + kThursday) % 7 == moment.weekday', 'moment.weekday <= 6')],
        'a year of two digits is one too far away': [
            (DATE, 'kLastTwoDigitYear = 2076', 'kLastTwoDigitYear = 2077')],
    },
    'http_reference': {
        'both lengths are accepted': [
            (PARSER, '  if (chunked_ && has_length_) {', '  if (chunked_ && has_length_ && http_1_0_) {')],
    },
    'http_response': {
        'chunks of one piece fall on each other': [
            (PARSER, 'data.subspan(kept));', 'data.first(data.size()));')],
        'a piece begins a line': [
            (PARSER, '  std::size_t kept = 0;\n', '  std::size_t kept = 0;\n  value_size_ = 0;\n')],
    },
    'origin': {
        'an address may have any length': [
            (ORIGIN, '!TakeHost(rest, origin) || origin.host.size() > kMaxHostBytes ||',
             '!TakeHost(rest, origin) || (!origin.is_ipv6 && origin.host.size() > kMaxHostBytes) ||')],
    },
    'ring_image': {
        'a move forgets the other records': [(RING, 'newest.at == at &&', 'newest.at == 0 &&')],
        'a record is appended to what is not blank': [
            (RING, '  return IsBlank(at, layout_.RecordBytes(content.size())) && PutMark(at, 0) &&',
             '  return PutMark(at, 0) &&')],
    },
    'stored_record': {
        'what is corrupt stays': [
            (STATE, '  state.Wipe();\n  if (!IsInRange(payload)) {\n',
             '  if (!IsInRange(payload)) {\n    state.latch.http_status = 1;\n')],
    },
    'token_response': {
        'an escape need not have digits': [
            (JSON_TEXT, '    if (!IsHexDigit(static_cast<char>(octet))) {\n      return false;\n    }\n', '')],
        'words may repeat a secret': [
            (RESPONSE, 'RepeatsSecret(member.text, settings) ? kWithheld : member.text', 'member.text')],
    },
}
OPTIONS = ['-std=c++20', '-O1', '-fno-exceptions', '-fno-rtti', '-I', mutants.ROOT]


class FuzzMutants(unittest.TestCase):
    links = None

    def test_each_mutant_is_caught(self):
        for target, planted in MUTANTS.items():
            link = pathlib.Path(self.links, f'{target}.link')
            if not link.exists():
                self.assertEqual(target, 'http_reference', f'no {link}')  # Where there is no reference.
                continue

            def command(copies, link=link):
                return [*OPTIONS, *copies.values(), f'@{link}']

            # What never ends is an error too, of its own.
            mutants.check_each_is_caught(self, planted, command, [HERE / 'corpus' / target], time_limit=60)


if __name__ == '__main__':
    FuzzMutants.links = sys.argv.pop()
    unittest.main()
