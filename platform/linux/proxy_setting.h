// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "platform/linux/problem.h"

namespace connect_auth::program {

/// What `proxy` in [server] says. Not what `https_proxy` in the environment says: that depends on
/// who started the program, and a service that holds credentials goes the same way whoever did.
struct ProxySetting {
  std::string host;  ///< Without brackets; empty: there is no proxy.
  std::uint16_t port = 0;
  std::string user;  ///< Empty: none.

  bool exists() const { return !host.empty(); }
  /// HOST:PORT, for messages.
  std::string name() const;
};

/// Reads `http://[USER@]HOST:PORT`, the user's special characters as %XX. The port has to be there:
/// curl would take 1080, wget 80, and most proxies have another.
///
/// @param into  Written only if there is no problem.
/// @return  A problem (kUsage), which repeats nothing of `text`: it may hold a password.
Problem ParseProxy(std::string_view text, ProxySetting& into);

/// Whether `list` can be understood: names, domains and addresses, separated by commas or blanks;
/// or '*'.
///
/// @return  A problem (kUsage): a network, say, which would never match.
Problem CheckNoProxy(std::string_view list);

/// Whether `list` has the host: itself, a domain that it is in, or '*'. As with curl, domains end
/// at a dot and may begin with one.
///
/// @param host  As in `Origin`.
bool IsExempt(std::string_view host, std::string_view list);

}  // namespace connect_auth::program
