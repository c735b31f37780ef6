#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of platform/freertos can fail: they are run with copies of it that have a bug each, and have to find
every one of them.

usage: test_freertos_mutants.py ClockMutants | ConnectionMutants | PlusTcpMutants | Races
       the compiler is $CONNECT_AUTH_CXX, or c++; with what the changed code is compiled says the file
       $CONNECT_AUTH_COMPILE, and with what it is linked $CONNECT_AUTH_LINK_CLOCK, ..._CONNECTION, ..._PLUS_TCP
       or ..._AGENT
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
PLUS_TCP = 'platform/freertos/plus_tcp_connection.cc'
PLUS_TCP_LOOK_UP = 'platform/freertos/plus_tcp_look_up.cc'
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
PLUS_TCP_MUTANTS = {
    'a reset looks like an end': [
        (PLUS_TCP, 'error == -pdFREERTOS_ERRNO_ENOTCONN && FreeRTOS_connstatus(socket_) != eCLOSED',
         'error == -pdFREERTOS_ERRNO_ENOTCONN'),
    ],
    'a break is forgotten': [
        (PLUS_TCP, '  CloseSocket();\n  phase_ = Phase::kBroken;\n', '  CloseSocket();\n'),
    ],
    'what is written after the end breaks the connection': [
        (PLUS_TCP, 'sent == 0 || WasEnded(sent) ? IoResult::Bytes(size) : Break()', 'Break()'),
    ],
    'who closes at once was never connected': [
        (PLUS_TCP, 'IsOver() && FreeRTOS_rx_size(socket_) <= 0', 'IsOver()'),
    ],
    'a peer hears of no end': [
        (PLUS_TCP, '    FreeRTOS_shutdown(socket_, FREERTOS_SHUT_RDWR);\n', ''),
    ],
    'an attempt to connect waits': [
        (PLUS_TCP, '  FreeRTOS_setsockopt(socket, 0, FREERTOS_SO_RCVTIMEO, &kNoTime, sizeof(kNoTime));\n', ''),
    ],
    'sending waits': [
        (PLUS_TCP, '  FreeRTOS_setsockopt(socket, 0, FREERTOS_SO_SNDTIMEO, &kNoTime, sizeof(kNoTime));\n', ''),
    ],
    'an event wakes nobody': [
        (PLUS_TCP, '    xTaskNotifyGive(waits);\n', ''),
    ],
    'an answer wakes nobody': [
        (PLUS_TCP_LOOK_UP, '    xTaskNotifyGive(asker);\n', '    static_cast<void>(asker);\n'),
    ],
    'an answer goes to a connection that is gone': [
        (PLUS_TCP_LOOK_UP, '    *link = next_;\n', ''),
    ],
    'an answer to an earlier question is taken': [
        (PLUS_TCP_LOOK_UP, '  number_ = ++numbers;\n', '  number_ = 1;\n'),
    ],
    'a question is not taken back': [
        (PLUS_TCP_LOOK_UP, '  FreeRTOS_gethostbyname_cancel(AsKey(number_));\n', ''),
    ],
    'a question is asked once': [
        (PLUS_TCP_LOOK_UP, 'questions_ == kQuestions', 'questions_ > 0'),
    ],
    'what the stack remembers is not freed': [
        (PLUS_TCP_LOOK_UP, '  FreeRTOS_freeaddrinfo(found);\n', ''),
    ],
}
RACES = {
    'the clock is set without a critical section': [
        (CLOCK, '  taskENTER_CRITICAL();\n  wall_offset_ = offset;\n  taskEXIT_CRITICAL();\n', '  wall_offset_ = offset;\n'),
    ],
    'an answer is written down without a critical section': [
        (PLUS_TCP_LOOK_UP, '  taskENTER_CRITICAL();\n  PlusTcpLookUp** link = &waiting;\n'
         '  while (*link != nullptr && AsKey', '  PlusTcpLookUp** link = &waiting;\n  while (*link != nullptr && AsKey'),
        (PLUS_TCP_LOOK_UP, '  taskEXIT_CRITICAL();\n  if (asker != nullptr) {', '  if (asker != nullptr) {'),
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


class PlusTcpMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, PLUS_TCP_MUTANTS, command('PLUS_TCP'),
                                     hanging=['an answer goes to a connection that is gone'])  # The list has no end.


class Races(unittest.TestCase):
    """What the thread sanitizer finds, or a task that waits for too long."""

    def test_each_is_caught(self):
        os.environ['TSAN_OPTIONS'] = 'halt_on_error=1'
        directory = os.environ.get('CONNECT_AUTH_TEST_CERTIFICATES') or self.enterContext(
            tempfile.TemporaryDirectory())
        server = self.enterContext(OAuthServer(certificates.make_chain(directory, 'ecdsa')))
        arguments = (str(server.port), str(server.chain.ca_file))

        def races_of(file):
            return {name: changes for name, changes in RACES.items() if changes[0][0] == file}

        mutants.check_each_is_caught(self, races_of(CLOCK), command('CLOCK'))
        mutants.check_each_is_caught(self, races_of(PLUS_TCP_LOOK_UP), command('PLUS_TCP'))
        mutants.check_each_is_caught(self, races_of(AGENT), command('AGENT'), arguments, time_limit=60)


if __name__ == '__main__':
    unittest.main()
