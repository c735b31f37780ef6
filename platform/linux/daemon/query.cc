// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/daemon/query.h"

#include <array>
#include <limits>

#include "platform/linux/text.h"
#include "port/result.h"

namespace connect_auth::program {
namespace {

using Verb = Query::Verb;

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr std::array kVerbs = {
    VerbName{"token", Verb::kToken},       VerbName{"header", Verb::kHeader},
    VerbName{"renew", Verb::kRenew},       VerbName{"reject", Verb::kReject},
    VerbName{"code", Verb::kCode},         VerbName{"status", Verb::kStatus},
    VerbName{"metrics", Verb::kMetrics},   VerbName{"logout", Verb::kLogout},
    VerbName{"identity", Verb::kIdentity}, VerbName{"subscribe", Verb::kSubscribe},
};

/// Takes the text up to the next blank off the front of `line`.
std::string_view TakeWord(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

Verb VerbOf(std::string_view word) {
  for (const VerbName& known : kVerbs) {
    if (word == known.name) {
      return known.verb;
    }
  }
  return Verb::kUnknown;
}

bool TakeSeconds(std::string_view word, std::string_view name, std::int64_t most, Millis& into) {
  if (!word.starts_with(name)) {
    return false;
  }
  const Result<std::int64_t> seconds = ParseNumber(word.substr(name.size()), 0, most);
  into = Millis::Seconds(seconds.value_or(0));
  return seconds.ok();
}

bool TakeStyle(std::string_view word, FactStyle& into) {
  for (const FactStyle style : {FactStyle::kLines, FactStyle::kBrief, FactStyle::kJson}) {
    if (word == NameOf(style)) {
      into = style;
      return true;
    }
  }
  return false;
}

bool TakeOfCode(std::string_view word, Query& into) {
  constexpr std::string_view kVerifier = "verifier=";
  if (into.code.empty()) {
    into.code = word;
    return !word.empty();
  }
  if (word == "without_redirect_uri") {
    into.with_redirect_uri = false;
    return true;
  }
  if (word.starts_with(kVerifier)) {
    into.verifier = word.substr(kVerifier.size());
    return !into.verifier.empty();
  }
  into.retry_refused |= word == "retry_refused";
  return word == "retry_refused";
}

bool TakeArgument(std::string_view word, Query& into) {
  const bool for_life = into.verb == Verb::kToken || into.verb == Verb::kHeader;
  switch (into.verb) {
    case Verb::kToken:
    case Verb::kHeader:
    case Verb::kRenew:
      if (word == "retry_refused") {
        into.retry_refused = true;
        return true;
      }
      return for_life && (TakeSeconds(word, "wait=", kMostWaitSeconds, into.wait) ||
                          TakeSeconds(word, "min_valid=", kMostMinValidSeconds, into.min_valid));
    case Verb::kStatus:
      return TakeStyle(word, into.style);
    case Verb::kReject: {
      const Result<std::int64_t> number =
          ParseNumber(word, 0, std::numeric_limits<std::uint32_t>::max());
      into.generation = static_cast<std::uint32_t>(number.value_or(0));
      return number.ok();
    }
    case Verb::kCode:
      return TakeOfCode(word, into);
    case Verb::kMetrics:
    case Verb::kLogout:
    case Verb::kIdentity:
    case Verb::kSubscribe:
    case Verb::kUnknown:
      break;
  }
  return false;
}

bool IsComplete(const Query& query) {
  return (query.verb != Verb::kReject || query.generation) &&
         (query.verb != Verb::kCode || !query.code.empty());
}

}  // namespace

Query ParseQuery(std::string_view line) {
  Query query;
  query.verb = VerbOf(TakeWord(line));
  while (!line.empty()) {
    if (!TakeArgument(TakeWord(line), query)) {
      return {};
    }
  }
  return IsComplete(query) ? query : Query();
}

}  // namespace connect_auth::program
