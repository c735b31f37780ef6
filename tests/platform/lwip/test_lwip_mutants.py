#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of LwipConnection can fail: they are run with copies of it that have a bug each, and have to
find every one of them.

usage: test_lwip_mutants.py        the compiler is $CONNECT_AUTH_CXX, or c++; what it is to link the changed
                                   code with says the file $CONNECT_AUTH_LINK
"""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'support'))
import mutants  # noqa: E402

CONNECTION = 'platform/lwip/lwip_connection.cc'

# What is wrong, and the (file, text, text instead) that make it so.
MUTANTS = {
    'a late answer is taken for the present question': [
        (CONNECTION, 'self->phase_ != Phase::kResolving ||\n      self->look_up_ != '
         'reinterpret_cast<std::uintptr_t>(look_up)', 'look_up == nullptr'),
    ],
    'an answer goes to a connection that is gone': [
        (CONNECTION, '  if (asking == this) {\n    asking = nullptr;\n  }\n', ''),
    ],
    'a busy resolver is a failure': [
        (CONNECTION, '    phase_ = Phase::kIdle;\n  } else if', '    phase_ = Phase::kFailed;\n  } else if'),
    ],
    'small frames hold all of the buffers': [
        (CONNECTION, 'pbuf_clen(data) > kMostPieces', 'pbuf_clen(data) > 100'),
    ],
    'a refused frame waits for the timer': [
        (CONNECTION, '    TakeRefused();\n', ''),
    ],
    'the window never opens again': [
        (CONNECTION, '    tcp_recved(pcb_, size);\n', ''),
    ],
    'the window opens before anybody reads': [
        (CONNECTION, '    pbuf_cat(connection.received_, data);', '    tcp_recved(connection.pcb_, data->tot_len);\n'
         '    pbuf_cat(connection.received_, data);'),
    ],
    'what came before a break is lost': [
        (CONNECTION, '  connection.pcb_ = nullptr;\n', '  connection.pcb_ = nullptr;\n  connection.DropReceived();\n'),
    ],
    'a break looks like an orderly end': [
        (CONNECTION, 'Status::kPending) : Break();', 'Status::kPending) : IoResult::Error(Status::kClosed);'),
    ],
    'an end is told before all was read': [
        (CONNECTION, '  if (received_ == nullptr) {\n    return ReadNothing();', '  if (received_ == nullptr || ended_) {\n'
         '    return ReadNothing();'),
    ],
    'small writes wait for an acknowledgement': [
        (CONNECTION, '  tcp_nagle_disable(pcb_);\n', ''),
    ],
    'writing does not send': [
        (CONNECTION, '  tcp_output(pcb_);\n', ''),
    ],
    'what is written is not copied': [
        (CONNECTION, 'TCP_WRITE_FLAG_COPY', '0'),
    ],
    'lwIP calls a connection that is gone': [
        (CONNECTION, '    tcp_arg(pcb_, nullptr);\n    tcp_recv(pcb_, nullptr);\n    tcp_err(pcb_, nullptr);\n', ''),
    ],
    'what was received stays with lwIP': [
        (CONNECTION, '  DropReceived();\n  ended_ = false;', '  received_ = nullptr;\n  ended_ = false;'),
    ],
    'an end outlives its connection': [
        (CONNECTION, '  ended_ = false;\n', ''),
    ],
    'who closes keeps its memory': [
        (CONNECTION, '    if (pcb->prio == TCP_PRIO_MIN) {', '    if (pcb->prio > TCP_PRIO_MAX) {'),
    ],
}


def command(copies):
    """What the compiler has to do: the connection, changed, and all the rest as it is."""
    return ['-std=c++20', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-exceptions',
            '-fno-rtti', '-I', mutants.ROOT, '-I', mutants.ROOT / 'platform/lwip/include',
            '-I', mutants.ROOT / 'tests/platform/lwip', '-I',
            os.environ['CONNECT_AUTH_LWIP'] + '/src/include', *copies.values(),
            '@' + os.environ['CONNECT_AUTH_LINK']]


class LwipMutants(unittest.TestCase):
    def test_each_mutant_is_caught(self):
        mutants.check_each_is_caught(self, MUTANTS, command, time_limit=120)


if __name__ == '__main__':
    unittest.main()
