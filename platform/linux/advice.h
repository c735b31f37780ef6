// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/failure.h"
#include "platform/linux/problem.h"

namespace connect_auth::program {

/// A sentence in the making: what `{...}` stands for is found out by `Explain`.
struct Advice {
  ExitCode code;
  const char* cause;
  const char* next_step;
};

/// What to tell about a reason. The compiler sees to it that every one has its words.
Advice AdviceFor(Reason reason);

/// What to tell about Reason::kRefused.
Advice AdviceFor(OAuthError error);

}  // namespace connect_auth::program
