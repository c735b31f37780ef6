#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator can fail: it is run with copies of the agent that have a bug each, and has to find
every one of them.

usage: test_simulator_mutants.py       the compiler is $CONNECT_AUTH_CXX, or c++; what it is to link
                                       the changed code with says the file $CONNECT_AUTH_LINK; faulty
                                       answers are in $CONNECT_AUTH_FAULTS, as answers.py writes them
"""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'support'))
import mutants  # noqa: E402

AGENT = 'agent/agent.cc'
LIFETIME = 'agent/session/lifetime.cc'
LATCH = 'agent/session/latch_timer.cc'
SCRIPTS = ['--seed', '1', '--scripts', '150', '--brief', '1']

# What is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'a refusal is not stored': [
        (AGENT, '  if (Save(memory_.io) != Status::kOk) {\n    CONNECT_AUTH_LOG(kWarning, "store: the '
         'refusal', '  if (memory_.io.empty()) {\n    CONNECT_AUTH_LOG(kWarning, "store: the refusal'),
    ],
    'refused credentials are sent again': [
        (AGENT, 'return clock_.Now() < opens;', 'return clock_.Now() > opens;'),
    ],
    'a refusal of unknown age counts as an old one': [
        (LATCH, 'AgeOf(latch.since, clock).value_or(clock.Now() - found)',
         'AgeOf(latch.since, clock).value_or(wait + wait)'),
    ],
    'a code is marked as spent after it was sent': [
        (AGENT, 'grant_->works_once && exchange_.about_to_send()',
         'grant_->works_once && exchange_.sent_anything()'),
    ],
    'a code is sent although the mark is not stored': [
        (AGENT, 'if (!MissesMarks() && Save(', 'if (!MissesMarks() || Save('),
    ],
    'a failed renewal discards the token': [
        (AGENT, '  const Remedy remedy = RemedyOf(token_failure_.reason);\n',
         '  const Remedy remedy = RemedyOf(token_failure_.reason);\n  state_.token.Wipe();\n'),
    ],
    'life counts from the arrival of the token': [
        (AGENT, '      if (!exchange_.sent_anything()) {\n', '      {\n'),
    ],
    'the wall clock tells the age within a boot': [
        (LIFETIME, 'anchor.boot_id != 0 && anchor.boot_id == clock.boot_id()',
         'anchor.boot_id != 0 && anchor.boot_id != clock.boot_id()'),
    ],
    'there is no back-off after a failure': [
        (AGENT, '          backoff_.AfterFailure(', '          clock_.Now();\n'
         '      static_cast<void>(backoff_.AfterFailure('),
        (AGENT, 'EndOfToken()}, clock_.Now());', 'EndOfToken()}, clock_.Now()));'),
    ],
    'Retry-After is ignored': [
        (AGENT, '{remedy, token_failure_.retry_after_s, EndOfToken()}', '{remedy, 0, EndOfToken()}'),
    ],
    'a late refusal of an older token ends the present one': [
        (AGENT, 'generation != generation_ || ', 'generation > generation_ || '),
    ],
    'a refused token is given out again': [
        (AGENT, '  rejected_ = true;\n', ''),
    ],
    'the API is believed each time it refuses a token': [
        (AGENT, '  if (age < reject_pause_) {\n    return;\n  }\n', ''),
        (AGENT, 'std::min(Millis{reject_pause_.count * 2}, kMostRejectPause)', 'Millis{0}'),
    ],
    'callers do not join the request that is under way': [
        (AGENT, '  if (phase_ == Phase::kRequestingToken) {\n    return Status::kPending;\n  }\n', ''),
        (AGENT, 'status == Status::kOk && phase_ == Phase::kIdle', 'status == Status::kOk && '
         'phase_ != Phase::kCallingApi'),
    ],
    'the refresh token is forgotten before the new one is there': [
        (AGENT, '  request_size_ = request.size();\n', '  request_size_ = request.size();\n'
         '  state_.refresh_token.Wipe();\n'),
    ],
    'tokens are not stored': [
        (AGENT, '(changes_more || GainsEnough()) && Save(memory_.io) != Status::kOk', 'false'),
    ],
    'a failure has no reason': [
        (AGENT, 'Set(failure, status, exchange_.reason());', 'Set(failure, status);'),
    ],
    'a request has no deadline': [
        (AGENT, 'exchange.deadline = replays_ ? std::min(deadline, api_deadline_) : deadline;',
         'exchange.deadline = replays_ ? std::min(deadline, api_deadline_) : Instant::Never();'),
    ],
    'after an outage nobody asks any more': [
        (AGENT, '  renewal_at_ = earliest_;\n  return token_failure_.status;',
         '  renewal_at_ = Instant::Never();\n  return token_failure_.status;'),
    ],
}

# And what only weeks with faults of tests/faults find.
WEEKS = ['--weeks', '40', '--brief', '1', '--faults', os.environ.get('CONNECT_AUTH_FAULTS', '')]
MUTANTS_OF_WEEKS = {
    'a refusal that is too long to be read is none': [
        ('agent/http/exchange.cc', 'request_.delivery == Delivery::kWhole && parser_.head_complete() &&',
         'request_.delivery == Delivery::kWhole &&'),
    ],
    'an answer has no deadline': [
        ('agent/http/exchange.cc', 'std::min(request_.connect_deadline, request_.deadline)\n'
         '                                      : request_.deadline',
         'std::min(request_.connect_deadline, request_.deadline)\n'
         '                                      : Instant::Never()'),
    ],
}


def command(copies):
    """What the compiler has to do: the changed code, and all the rest as it was built."""
    return ['-std=c++20', '-O1', '-fno-exceptions', '-fno-rtti', '-fPIE', '-I', mutants.ROOT,
            *copies.values(), f'@{os.environ["CONNECT_AUTH_LINK"]}']


class SimulatorMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, MUTANTS, command, SCRIPTS)

    def test_each_mutant_is_caught_within_weeks(self):
        mutants.check_each_is_caught(self, MUTANTS_OF_WEEKS, command, WEEKS)


if __name__ == '__main__':
    unittest.main()
