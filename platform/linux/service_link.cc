// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/service_link.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "agent/store/sealed_record.h"
#include "platform/linux/configuration.h"
#include "platform/linux/daemon/socket_path.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kMostAnswerBytes = 131072;  // The longest token, and what is said of it.
constexpr int kPatienceMs = 3'605'000;            // The service knows how long it lets us wait.
constexpr std::size_t kShownBytes = 64;

Problem Broken(std::string_view why) {
  return {ExitCode::kUnreachable,
          Join({"the service connect-auth does not answer: ", why, "; see to it, or say --alone"})};
}

/// The text behind `name` in `fields`, up to the next blank.
std::string_view FieldOf(std::string_view fields, std::string_view name) {
  const std::size_t begin = fields.find(name);
  if (begin == std::string_view::npos) {
    return {};
  }
  fields.remove_prefix(begin + name.size());
  return fields.substr(0, fields.find(' '));
}

}  // namespace

bool ServiceLink::Open(const CommandLine& line) {
  GivenSettings given;
  if (line.alone || !ReadGivenSettings(line, given)) {
    return false;
  }
  const std::string path = SocketPath(given);
  const int result =
      path.empty() ? -ENOENT : ::connect_auth_client_open(&client_, path.c_str(), kPatienceMs);
  if (result != 0) {
    Note(Join({"no service at ", path, ": ", ErrorText(-result)}));
    return false;
  }
  if (!IsForSame(line)) {
    Note(Join({"the service at ", path, " is for another server, client or user"}));
    return false;
  }
  return true;
}

Problem ServiceLink::Open(const std::string& path, std::string_view identity) {
  const int result = ::connect_auth_client_open(&client_, path.c_str(), kPatienceMs);
  if (result != 0) {
    return {ExitCode::kUnreachable,
            Join({"no service answers at ", path, ": ", ErrorText(-result), "; see to it"})};
  }
  Problem problem = Ask("identity");
  if (!problem.exists() && FieldOf(answer(), "identity=") != identity) {
    problem = {ExitCode::kOther, Join({"the service at ", path,
                                       " is for another server, client or user; reload it"})};
  }
  return problem;
}

bool ServiceLink::IsForSame(const CommandLine& line) {
  Configuration configuration;
  if (configuration.Load(line, Needs::kIdentity).exists()) {
    return true;  // Whoever has no configuration of his own has nothing to compare.
  }
  return !Ask("identity").exists() &&
         FieldOf(answer(), "identity=") == HexOf(FingerprintOf(configuration.ForAgent({})));
}

Problem ServiceLink::Ask(std::string_view query) {
  answer_.Clear();
  if (!answer_.Reserve(kMostAnswerBytes)) {
    return NoMemory();
  }
  SecretBuffer text;
  constexpr std::string_view kEnd("\0", 1);
  if (!text.Append(AsBytes(query)) || !text.Append(AsBytes(kEnd))) {
    return NoMemory();
  }
  auto* const room = reinterpret_cast<char*>(answer_.room().data());
  const int result = ::connect_auth_client_ask(
      &client_, reinterpret_cast<const char*>(text.bytes().data()), room, kMostAnswerBytes);
  if (result < 0) {
    Wipe(answer_.room());  // A piece of an answer may be there.
    return Broken(ErrorText(-result));
  }
  answer_.Fill(std::strlen(room));
  return result == 0 ? Problem() : Problem{static_cast<ExitCode>(result), std::string(answer())};
}

Problem ServiceLink::AskForToken(std::string_view query, Token& into) {
  Problem problem = Ask(query);
  if (problem.exists()) {
    return problem;
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const std::string_view head = answer().substr(0, kShownBytes);
  into.text = SecretView(FieldOf(answer(), " token="));
  into.generation = static_cast<std::uint32_t>(
      ParseNumber(FieldOf(head, "generation="), 0, std::numeric_limits<std::uint32_t>::max())
          .value_or(0));
  into.expires_in =
      static_cast<std::int32_t>(ParseNumber(FieldOf(head, " expires_in="), 0, kMost).value_or(0));
  return into.text.empty() ? Broken("its answer makes no sense") : Problem();
}

}  // namespace connect_auth::program
