// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace connect_auth::stand_in {

/// What the name server that the stack asks knows:
///
///   both.test   127.0.0.1 and ::1
///   only4.test  127.0.0.1; likewise localhost
///   only6.test  ::1
///   known.test  127.0.0.1, which the stack itself remembers
///   late.test   127.0.0.1, when SendLateAnswers() says so
///
/// To all else it says that there is no such name, which the stack keeps to itself.
void SetNameServer(bool is_there);

/// The next questions do not get to the name server.
void LoseQuestions(int count);

/// How many questions wait for SendLateAnswers().
std::size_t late_answers();

/// The stack takes the next answer as its own task does: the question is struck off the list, and
/// its asker called `gap_ms` later.
void SendLateAnswers(int gap_ms = 0);

}  // namespace connect_auth::stand_in
