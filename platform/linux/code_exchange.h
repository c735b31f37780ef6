// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "platform/linux/command_line.h"
#include "platform/linux/configuration.h"
#include "platform/linux/problem.h"
#include "platform/linux/service_link.h"

namespace connect_auth::program {

/// Exchanges authorisation codes for tokens: through the service if it runs, else alone.
class CodeExchange {
 public:
  /// Loads the configuration, and finds out what would keep a code from being exchanged.
  ///
  /// @param line  Borrowed for the life of this object.
  /// @return  A problem (kUsage): it is not complete, or for another grant; or kStorage.
  Problem Open(const CommandLine& line);

  /// Exchanges a code, at once, and stores what comes of it.
  Problem Exchange(const AuthorizationCode& code);

  const Configuration& configuration() const { return configuration_; }

 private:
  Problem AskService(const AuthorizationCode& code);
  Problem WorkAlone();

  const CommandLine* line_ = nullptr;
  Configuration configuration_;
  ServiceLink service_;
  bool has_service_ = false;
};

}  // namespace connect_auth::program
