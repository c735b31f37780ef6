// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/answer_wait.h"

#include <optional>
#include <string_view>
#include <vector>

#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

void TakePasted(PastedLine& pasted, ExpectedAnswer& answer) {
  pasted.Read();
  while (!answer.is_over()) {
    const std::optional<std::string_view> line = pasted.Next();
    if (!line) {
      return;
    }
    answer.TakePasted(*line);
    if (pasted.is_terminal() && !answer.is_over() && answer.problem().exists()) {
      Warn(answer.problem().sentence);
    }
  }
}

Problem TimedOut(Millis timeout, const ExpectedAnswer& answer) {
  return {ExitCode::kNeedsCode,
          Join({"no code came within ", Decimal(timeout.count / 1000), " s",
                answer.problem().exists() ? ", but something that is not of this login" : "",
                "; begin again, or raise login_timeout in [limits]"})};
}

Problem NothingMoreComes(const ExpectedAnswer& answer) {
  return answer.problem().exists()
             ? answer.problem()
             : Problem{ExitCode::kNeedsCode,
                       "standard input ended without a code; paste it, or the address to which "
                       "the browser was sent, in one line"};
}

}  // namespace

Problem WaitForAnswer(Millis timeout, const Clock& clock, LoopbackListener& listener,
                      PastedLine& pasted, ExpectedAnswer& answer) {
  const Instant deadline = clock.Now() + timeout;
  while (true) {
    listener.Serve(answer);
    TakePasted(pasted, answer);
    const Millis left = deadline - clock.Now();
    if (answer.is_over()) {
      return answer.problem();
    }
    if (!listener.is_open() && !pasted.is_open()) {
      return NothingMoreComes(answer);
    }
    if (pasted.is_interrupted()) {
      return {ExitCode::kNeedsCode, "the login was interrupted; begin again"};
    }
    if (left <= Millis{0}) {
      return TimedOut(timeout, answer);
    }
    std::vector<pollfd> wanted;
    listener.AddTo(wanted);
    pasted.AddTo(wanted);
    static_cast<void>(::poll(wanted.data(), wanted.size(), static_cast<int>(left.count)));
  }
}

}  // namespace connect_auth::program
