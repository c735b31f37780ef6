// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>

#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/service_link.h"
#include "platform/linux/session.h"

namespace connect_auth::program {
namespace {

/// With the key, if it can be had: then it is remembered which code was spent. Without, everything
/// goes.
Problem OpenForWiping(Session& session) {
  return session.OpenOffline().exists() ? session.OpenWithoutStore() : Problem();
}

}  // namespace

Problem RunLogout(const CommandLine& line) {
  ServiceLink service;
  if (service.Open(line)) {
    return service.Ask("logout");
  }
  Configuration configuration;
  Problem problem = configuration.Load(line, Needs::kStore);
  if (problem.exists()) {
    return problem;
  }
  if (::access(configuration.store_path().c_str(), F_OK) != 0 && errno == ENOENT) {
    return {};  // Nothing was ever stored.
  }
  Session session(configuration);
  problem = session.LockStore();  // A token under way in another process is wiped as well.
  if (problem.exists()) {
    return problem;
  }
  problem = OpenForWiping(session);
  if (problem.exists()) {
    return problem;
  }
  return session.Wipe();
}

}  // namespace connect_auth::program
