// SPDX-License-Identifier: Apache-2.0
//
// What happens to a device and its server, moment by moment: written down, so that it can be
// printed, replayed and shortened.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/simulator/faults.h"

namespace connect_auth::simulator {

inline constexpr std::int64_t kSecond = 1000;  // Times are in milliseconds, as on the clocks.
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;
inline constexpr std::int64_t kYear = 365 * kDay;

/// What is wrong with the server, or with the way to it.
enum class Trouble : std::uint8_t {
  kNone,
  kNoName,             ///< Its name does not resolve.
  kNoConnection,       ///< No address answers.
  kNeverConnects,      ///< Packets vanish on the way there.
  kNeverAnswers,       ///< The request arrives, and nothing comes back.
  kLosesAnswers,       ///< The request is carried out, and the connection breaks before the answer.
  kTruncatesAnswers,   ///< The same, in the middle of the answer.
  kServerError,        ///< 500 without content.
  kSotiError,          ///< 500 with SOTI's {"ErrorMessage": ...}.
  kHtmlError,          ///< 502 with a page of a proxy.
  kTooManyRequests,    ///< 429, Retry-After in seconds.
  kUnavailableUntil,   ///< 503, Retry-After as a date.
  kSlow,               ///< Answers after 20 s.
  kTooSlow,            ///< Answers after 40 s, when the agent has given up.
  kEmptyAnswer,        ///< 200 without content. From here on: `Remedy::kRetrySlowly`.
  kHtmlAnswer,         ///< 200 with a page.
  kNoSuchPath,         ///< 404.
  kRefusesEverything,  ///< 400 with SOTI's {"ErrorMessage": ...}: counts as refused credentials.
  kRedirects,          ///< 302 to a page for logging in: likewise.
};
inline constexpr int kTroubles = 19;

/// What happens. The comment says what `a` and `b` of the event are.
enum class Kind : std::uint8_t {
  kTrouble,         ///< a: a Trouble, b: its milliseconds.
  kReboot,          ///< Power is lost between two steps of the agent.
  kCrash,           ///< Power is lost at the a-th call of the network from now.
  kPowerCut,        ///< Power is lost in the a-th change of the flash from now, b: a Tear.
  kSetWall,         ///< The device's wall clock is wrong by a seconds from now on.
  kLoseWall,        ///< The device's wall clock is not known any more.
  kSuspend,         ///< The device sleeps for a milliseconds.
  kAsk,             ///< A caller wants a token that is good for a milliseconds more.
  kRenew,           ///< A person wants a new token.
  kCallApi,         ///< A request to the API.
  kReject,          ///< A caller says that the API refused the present token; a: or an older one.
  kRevoke,          ///< The server forgets the access tokens that it gave.
  kRejectStorm,     ///< The API refuses everything for a milliseconds.
  kServerPassword,  ///< The administrator changes the password at the server.
  kDevicePassword,  ///< Somebody enters the present password (grant code: a new code).
  kSameSettings,    ///< The same settings are adopted again.
  kForgetRefusal,   ///< Somebody says that the credentials are right.
  kForget,          ///< Token and session are to be forgotten.
  kRecordKey,       ///< Another record key is configured.
  kLifetime,        ///< Tokens live a seconds from now on.
  kLoseSessions,    ///< The server does not resume the TLS sessions that it knew.
  kLoseRefresh,     ///< The server forgets the refresh tokens.
  kNoDate,          ///< The server sends no Date for a milliseconds.
  kFlashReadOnly,   ///< Flash cannot be changed for a milliseconds.
  kFlashBroken,     ///< Flash does not answer for a milliseconds.
  kNoEntropy,       ///< There are no random octets for a milliseconds.
  kFault,           ///< Every answer is the a-th of `Script::faults` for b milliseconds.
};

struct Event {
  std::int64_t at = 0;  ///< Since the beginning.
  Kind kind = Kind::kAsk;
  std::int64_t a = 0;
  std::int64_t b = 0;
};

/// What does not change while a script runs.
struct Setup {
  std::uint32_t device = 1;    ///< Its id.
  bool uses_code = false;      ///< The grant.
  bool gives_refresh = false;  ///< The server rotates refresh tokens.
  bool renews_ahead = true;
  bool knows_boots = true;  ///< The clock has a boot id.
  bool has_rtc = true;      ///< The wall clock is right after a reboot.
  bool tls_1_3 = false;
  std::int64_t store_gain = 0;
  std::int64_t asks_every = 600 * kSecond;
  std::int64_t calls_every = 6 * kHour;
  std::int64_t chunk = 1460;  ///< Most octets that a call of the network moves.
};

struct Script {
  Setup setup;
  std::vector<Event> events;  ///< In order of time.
  std::int64_t length = 0;
  const std::vector<Fault>* faults = nullptr;  ///< Borrowed for the life of the script.
};

/// A few days with much trouble. The same for the same seed, everywhere.
Script RandomScript(std::uint64_t seed, int most_events);

/// Years of an ordinary life: an event or two a day, all kinds of them. An odd seed: with a
/// password; an even one: with codes and refresh tokens.
Script LongScript(std::uint64_t seed, int years);

/// A week of faults, each of which begins with a request and ends with a person who sees to it.
///
/// @param faults  Not empty. Borrowed for the life of the script.
Script FaultyWeek(std::uint64_t seed, const std::vector<Fault>& faults);

/// For a person to read.
void Print(const Setup& setup);
void Print(const Event& event);
const char* NameOf(Trouble trouble);

}  // namespace connect_auth::simulator
