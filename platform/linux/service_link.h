// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connect_auth_client.h"
#include "platform/linux/command_line.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"
#include "port/clock.h"

namespace connect_auth::program {

/// A connection to the service, if one runs for the same server, client and user as this command's
/// configuration names. Who may not read the configuration asks the service that there is.
class ServiceLink {
 public:
  ServiceLink() { client_.socket = -1; }
  ~ServiceLink() { ::connect_auth_client_close(&client_); }
  ServiceLink(const ServiceLink&) = delete;
  ServiceLink& operator=(const ServiceLink&) = delete;

  /// @return  Whether there is such a service. If not, the command works alone.
  bool Open(const CommandLine& line);

  /// The same for a service that is known.
  ///
  /// @param identity  What it must answer to the query `identity`.
  /// @return  A problem: it does not answer, or something else.
  Problem Open(const std::string& path, std::string_view identity);

  /// Asks the service a line of its protocol.
  ///
  /// @return  Its answer as a problem if it has one, or what is wrong with the connection.
  Problem Ask(std::string_view query);

  /// Text behind the "ok" of the last answer. Wiped with the next one, and with this object.
  std::string_view answer() const { return AsText(answer_.bytes()); }

  struct Token {
    SecretView text;  ///< Of the answer.
    std::uint32_t generation = 0;
    std::int32_t expires_in = 0;  ///< Seconds; 0: unknown.
  };

  /// What a token is asked for with; see `Wish`.
  Problem AskForToken(std::string_view query, Token& into);

 private:
  bool IsForSame(const CommandLine& line);

  connect_auth_client client_{};
  SecretBuffer answer_;
};

}  // namespace connect_auth::program
