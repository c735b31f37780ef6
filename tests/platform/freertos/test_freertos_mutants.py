#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of platform/freertos can fail: they are run with copies of it that have a bug each, and have to find
every one of them.

usage: test_freertos_mutants.py ClockMutants | ConnectionMutants | Races
       the compiler is $CONNECT_AUTH_CXX, or c++; with what the changed code is compiled says the file
       $CONNECT_AUTH_COMPILE, and with what it is linked $CONNECT_AUTH_LINK_CLOCK, ..._CONNECTION or ..._AGENT
"""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / folder) for folder in ('support', 'server')]
import certificates  # noqa: E402
import mutants  # noqa: E402
from oauth_server import OAuthServer  # noqa: E402

CLOCK = 'platform/freertos/tick_clock.cc'
CONNECTION = 'platform/freertos/socket_connection.cc'
LOOK_UP = 'platform/freertos/name_look_up.cc'
AGENT = 'platform/freertos/shared_agent.cc'

# What is wrong, and the (file, text, text instead) that make it so.
CLOCK_MUTANTS = {
    'a wrap is not counted': [
        (CLOCK, 'std::uint64_t{static_cast<UBaseType_t>(state.xOverflowCount)} << kTickBits', '0'),
    ],
    'a wrap counts only if somebody saw it': [
        (CLOCK, '  std::uint64_t ticks = state.xTimeOnEntering;\n',
         '  static std::uint64_t seen = 0;\n'
         '  static TickType_t last = 0;\n'
         '  seen += state.xTimeOnEntering < last ? 1 : 0;\n'
         '  last = state.xTimeOnEntering;\n'
         '  state.xOverflowCount = static_cast<BaseType_t>(seen);\n'
         '  std::uint64_t ticks = state.xTimeOnEntering;\n'),
    ],
}
CONNECTION_MUTANTS = {
    'small writes wait for an acknowledgement': [
        (CONNECTION, '    lwip_setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));\n', ''),
    ],
    'the end of a stream is told once': [
        (CONNECTION, '    ended_ = true;\n', ''),
    ],
    'a break is forgotten': [
        (CONNECTION, '  CloseSocket();\n  phase_ = Phase::kBroken;\n', '  CloseSocket();\n'),
    ],
    'an answer wakes nobody': [
        (LOOK_UP, '  xTaskNotifyGive(look_up->asker_);\n', ''),
    ],
    'an answer goes to a connection that is gone': [
        (LOOK_UP, '  if (self.waits_) {\n    self.Leave();\n  }\n', ''),
    ],
}
RACES = {
    'the clock is set without a critical section': [
        (CLOCK, '  taskENTER_CRITICAL();\n  wall_offset_ = offset;\n  taskEXIT_CRITICAL();\n', '  wall_offset_ = offset;\n'),
    ],
    'a token is rejected without the mutex': [
        (AGENT, '    const Lock lock(mutex_);\n    agent_.RejectToken', '    agent_.RejectToken'),
    ],
    'how things stand is read without the mutex': [
        (AGENT, '  const Lock lock(mutex_);\n  return {start_,', '  return {start_,'),
    ],
    'the own task works without the mutex': [
        (AGENT, '  const Lock lock(mutex_);\n  RunErrand();', '  RunErrand();'),
    ],
    'the own task is not told that somebody came': [
        (AGENT, '  Join(waiter);\n  xTaskNotifyGive(task_);\n', '  Join(waiter);\n'),
    ],
    'nobody is told that something ended': [
        (AGENT, '    is_untidy_ = true;\n    WakeWaiters();\n', '    is_untidy_ = true;\n'),
    ],
}


def command(harness):
    """From the copies to what the compiler has to do: the changed code, and all the rest as it is."""
    return lambda copies: ['@' + os.environ['CONNECT_AUTH_COMPILE'], *copies.values(),
                           '@' + os.environ[f'CONNECT_AUTH_LINK_{harness}']]


class ClockMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, CLOCK_MUTANTS, command('CLOCK'))


class ConnectionMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, CONNECTION_MUTANTS, command('CONNECTION'))


class Races(unittest.TestCase):
    """What the thread sanitizer finds, or a task that waits for too long."""

    def test_each_is_caught(self):
        os.environ['TSAN_OPTIONS'] = 'halt_on_error=1'
        directory = os.environ.get('CONNECT_AUTH_TEST_CERTIFICATES') or self.enterContext(
            tempfile.TemporaryDirectory())
        server = self.enterContext(OAuthServer(certificates.make_chain(directory, 'ecdsa')))
        arguments = (str(server.port), str(server.chain.ca_file))
        of_clock = {name: changes for name, changes in RACES.items() if changes[0][0] == CLOCK}
        of_agent = {name: changes for name, changes in RACES.items() if changes[0][0] == AGENT}
        mutants.check_each_is_caught(self, of_clock, command('CLOCK'))
        mutants.check_each_is_caught(self, of_agent, command('AGENT'), arguments, time_limit=60)


if __name__ == '__main__':
    unittest.main()
