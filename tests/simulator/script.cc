// SPDX-License-Identifier: Apache-2.0
#include "tests/simulator/script.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "tests/fake/fake_flash.h"
#include "tests/simulator/dice.h"

namespace connect_auth::simulator {
namespace {

/// One kind of event, and how often it comes.
struct Share {
  Kind kind;
  int random;  // in a random script
  int life;    // in a long life
};

constexpr std::array kShares = {
    Share{Kind::kTrouble, 20, 30},      Share{Kind::kReboot, 10, 5},
    Share{Kind::kCrash, 10, 5},         Share{Kind::kPowerCut, 10, 5},
    Share{Kind::kSetWall, 6, 2},        Share{Kind::kLoseWall, 3, 1},
    Share{Kind::kSuspend, 5, 5},        Share{Kind::kAsk, 8, 10},
    Share{Kind::kRenew, 6, 3},          Share{Kind::kCallApi, 8, 10},
    Share{Kind::kReject, 8, 2},         Share{Kind::kRevoke, 4, 2},
    Share{Kind::kRejectStorm, 3, 1},    Share{Kind::kServerPassword, 4, 0},
    Share{Kind::kDevicePassword, 6, 2}, Share{Kind::kSameSettings, 2, 1},
    Share{Kind::kForgetRefusal, 3, 1},  Share{Kind::kForget, 1, 0},
    Share{Kind::kRecordKey, 1, 0},      Share{Kind::kLifetime, 3, 0},
    Share{Kind::kLoseSessions, 3, 2},   Share{Kind::kLoseRefresh, 2, 0},
    Share{Kind::kNoDate, 2, 1},         Share{Kind::kFlashReadOnly, 2, 1},
    Share{Kind::kFlashBroken, 2, 1},    Share{Kind::kNoEntropy, 2, 1},
};

Kind Draw(Dice& dice, int Share::*part) {
  int sum = 0;
  for (const Share& share : kShares) {
    sum += share.*part;
  }
  std::int64_t left = dice.From(0, sum - 1);
  for (const Share& share : kShares) {
    left -= share.*part;
    if (left < 0) {
      return share.kind;
    }
  }
  return Kind::kAsk;
}

/// Of every order of magnitude alike.
std::int64_t Span(Dice& dice, std::int64_t most) {
  const std::int64_t of_its_kind =
      dice.Of<6>({10 * kSecond, 60 * kSecond, 600 * kSecond, 2 * kHour, 12 * kHour, 21 * kDay});
  return dice.From(1, std::min(of_its_kind, most));
}

std::int64_t WallError(Dice& dice) {
  constexpr std::int64_t kTo1970 = -1'800'000'000;
  constexpr std::int64_t kTo2106 = 2'550'000'000;
  return dice.OneIn(2) ? dice.From(-7200, 7200)
                       : dice.Of<6>({kTo1970, kTo2106, -86'400, 86'400, -2'592'000, 2'592'000});
}

/// What is to be written beside the kind.
void Fill(Event& event, Dice& dice, std::int64_t longest) {
  switch (event.kind) {
    case Kind::kTrouble:
      event.a = dice.From(1, kTroubles - 1);
      event.b = Span(dice, longest);
      break;
    case Kind::kCrash:
      event.a = dice.From(1, 30);
      break;
    case Kind::kPowerCut:
      event.a = dice.From(1, 12);
      event.b = dice.From(0, static_cast<std::int64_t>(fake::kTears.size()) - 1);
      break;
    case Kind::kSetWall:
      event.a = WallError(dice);
      break;
    case Kind::kSuspend:
    case Kind::kRejectStorm:
    case Kind::kNoDate:
    case Kind::kFlashReadOnly:
    case Kind::kFlashBroken:
    case Kind::kNoEntropy:
      event.a = Span(dice, std::min(longest, 12 * kHour));
      break;
    case Kind::kAsk:
      event.a = dice.Of<5>({0, 60 * kSecond, 600 * kSecond, 3000 * kSecond, 7200 * kSecond});
      break;
    case Kind::kReject:
      event.a = dice.From(0, 1);
      break;
    case Kind::kLifetime:
      event.a = dice.Of<8>({0, 5, 20, 300, 900, 3600, 86'400, 5'000'000});
      event.b = dice.From(1, 40) * 60 * kSecond;
      break;
    case Kind::kReboot:
    case Kind::kLoseWall:
    case Kind::kRenew:
    case Kind::kCallApi:
    case Kind::kRevoke:
    case Kind::kServerPassword:
    case Kind::kDevicePassword:
    case Kind::kSameSettings:
    case Kind::kForgetRefusal:
    case Kind::kForget:
    case Kind::kRecordKey:
    case Kind::kLoseSessions:
    case Kind::kLoseRefresh:
    case Kind::kFault:
      break;
  }
}

/// Whether it is most telling while a request is under way, or just before one.
bool WantsARequest(Kind kind) {
  constexpr std::array kSuch = {Kind::kReboot,  Kind::kCrash,        Kind::kPowerCut,
                                Kind::kSuspend, Kind::kTrouble,      Kind::kReject,
                                Kind::kAsk,     Kind::kSameSettings, Kind::kDevicePassword};
  return std::find(kSuch.begin(), kSuch.end(), kind) != kSuch.end();
}

constexpr std::int64_t kMoreThanALife = 7200 * kSecond;  // No token is good for that.

void Put(std::vector<Event>& events, Event event, Dice& dice) {
  if (WantsARequest(event.kind) && dice.OneIn(2)) {
    const Kind begins = dice.OneIn(3) ? Kind::kCallApi : Kind::kRenew;
    const bool before = event.kind != Kind::kCrash && event.kind != Kind::kPowerCut;
    const std::int64_t apart = dice.From(0, event.kind == Kind::kAsk ? 300 : 600);
    events.push_back({std::max<std::int64_t>(event.at + (before ? -apart : apart), 0), begins});
  }
  events.push_back(event);
  if (event.kind == Kind::kAsk) {
    events.back().a = dice.OneIn(2) ? kMoreThanALife : event.a;
  }
  if (event.kind == Kind::kLifetime && event.a < 900) {
    events.push_back({event.at + event.b, Kind::kLifetime, 3600});  // They are asked for too often.
  }
}

void InOrder(std::vector<Event>& events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
}

/// A change of the password, and somebody who mends it at the device hours later.
void ChangePassword(std::vector<Event>& events, std::int64_t at, Dice& dice) {
  events.push_back({at, Kind::kServerPassword});
  events.push_back({at + dice.From(60 * kSecond, 40 * kHour), Kind::kDevicePassword});
}

}  // namespace

namespace {

Setup RandomSetup(Dice& dice) {
  Setup setup;
  setup.device = static_cast<std::uint32_t>(dice.Next());
  setup.uses_code = dice.OneIn(3);
  setup.gives_refresh = setup.uses_code ? !dice.OneIn(4) : dice.OneIn(3);
  setup.renews_ahead = !dice.OneIn(3);
  setup.knows_boots = !dice.OneIn(5);
  setup.has_rtc = dice.OneIn(2);
  setup.tls_1_3 = dice.OneIn(4);
  setup.store_gain = dice.OneIn(4) ? 1800 * kSecond : 0;
  setup.asks_every = dice.Of<3>({60 * kSecond, 600 * kSecond, 3600 * kSecond});
  setup.calls_every = dice.Of<3>({1800 * kSecond, 6 * kHour, 24 * kHour});
  setup.chunk = dice.Of<4>({1, 100, 1460, 65536});
  return setup;
}

}  // namespace

Script RandomScript(std::uint64_t seed, int most_events) {
  Dice dice(seed);
  Script script;
  script.setup = RandomSetup(dice);
  script.length = dice.From(kHour, 6 * kDay);
  const std::int64_t count = dice.From(2, most_events);
  for (std::int64_t i = 0; i < count; ++i) {
    Event event{dice.From(0, script.length), Draw(dice, &Share::random)};
    Fill(event, dice, 2 * kDay);
    Put(script.events, event, dice);
  }
  InOrder(script.events);
  return script;
}

Script LongScript(std::uint64_t seed, int years) {
  Dice dice(seed);
  Script script;
  script.setup.device = static_cast<std::uint32_t>(seed);
  script.setup.uses_code = seed % 2 == 0;
  script.setup.gives_refresh = script.setup.uses_code;
  script.length = years * kYear;
  for (std::int64_t at = kHour; at < script.length; at += dice.From(kHour, 30 * kHour)) {
    if (dice.OneIn(100)) {
      ChangePassword(script.events, at, dice);
      continue;
    }
    Event event{at, Draw(dice, &Share::life)};
    Fill(event, dice, dice.OneIn(30) ? 21 * kDay : 6 * kHour);
    Put(script.events, event, dice);
    if (event.kind == Kind::kSetWall || event.kind == Kind::kLoseWall) {
      script.events.push_back({at + dice.From(1, 12) * kHour, Kind::kSetWall, 0});
    }
  }
  InOrder(script.events);
  return script;
}

Script FaultyWeek(std::uint64_t seed, const std::vector<Fault>& faults) {
  Dice dice(seed);
  Script script;
  script.setup = RandomSetup(dice);
  script.setup.chunk = 1460;  // The answers are cut as it is.
  script.length = 7 * kDay;
  script.faults = &faults;
  const Kind mends = script.setup.uses_code ? Kind::kDevicePassword : Kind::kForgetRefusal;
  const auto last = static_cast<std::int64_t>(faults.size()) - 1;
  for (std::int64_t at = kHour; at < script.length; at += dice.From(kHour / 2, 3 * kHour)) {
    const std::int64_t span = Span(dice, 6 * kHour);
    script.events.push_back({at, Kind::kFault, dice.From(0, last), span});
    script.events.push_back({at, dice.OneIn(3) ? Kind::kCallApi : Kind::kRenew});
    if (dice.OneIn(6)) {
      script.events.push_back({at + dice.From(0, span), Kind::kReboot});
    }
    at += span;
    script.events.push_back({at, mends});
  }
  InOrder(script.events);
  return script;
}

const char* NameOf(Trouble trouble) {
  constexpr std::array<const char*, kTroubles> kNames = {"none",
                                                         "the name does not resolve",
                                                         "no address answers",
                                                         "connecting takes for ever",
                                                         "requests are not answered",
                                                         "answers are lost",
                                                         "answers break off",
                                                         "500",
                                                         "500 with ErrorMessage",
                                                         "502 with a page",
                                                         "429, Retry-After in seconds",
                                                         "503, Retry-After as a date",
                                                         "answers take 20 s",
                                                         "answers take 40 s",
                                                         "200 without content",
                                                         "200 with a page",
                                                         "404",
                                                         "400 with ErrorMessage",
                                                         "302 to a login page"};
  return kNames[static_cast<std::size_t>(trouble)];
}

void Print(const Setup& setup) {
  std::printf("  device %" PRIu32 ": grant %s%s, %s, %s, %s, TLS 1.%d, store_gain %" PRId64
              " s, asks every %" PRId64 " s, calls every %" PRId64 " s, chunks of %" PRId64 "\n",
              setup.device, setup.uses_code ? "code" : "password",
              setup.gives_refresh ? " with refresh tokens" : "",
              setup.renews_ahead ? "renews ahead" : "renews when asked",
              setup.knows_boots ? "boot id" : "no boot id", setup.has_rtc ? "RTC" : "no RTC",
              setup.tls_1_3 ? 3 : 2, setup.store_gain / kSecond, setup.asks_every / kSecond,
              setup.calls_every / kSecond, setup.chunk);
}

namespace {

/// "a" and "b" are the values of the event.
const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kTrouble:
      return "trouble for b ms";
    case Kind::kReboot:
      return "reboot";
    case Kind::kCrash:
      return "reboot at the a-th network call";
    case Kind::kPowerCut:
      return "power cut in the a-th flash change, tear b";
    case Kind::kSetWall:
      return "wall clock is wrong by a seconds";
    case Kind::kLoseWall:
      return "wall clock is not known";
    case Kind::kSuspend:
      return "sleeps for a ms";
    case Kind::kAsk:
      return "RequestToken(a ms)";
    case Kind::kRenew:
      return "RequestRenewal()";
    case Kind::kCallApi:
      return "RequestApi()";
    case Kind::kReject:
      return "RejectToken(generation - a)";
    case Kind::kRevoke:
      return "server revokes all tokens";
    case Kind::kRejectStorm:
      return "API refuses everything for a ms";
    case Kind::kServerPassword:
      return "password changes at the server";
    case Kind::kDevicePassword:
      return "ChangeSettings(present password, or new code)";
    case Kind::kSameSettings:
      return "ChangeSettings(the same)";
    case Kind::kForgetRefusal:
      return "ForgetRefusal()";
    case Kind::kForget:
      return "Forget()";
    case Kind::kRecordKey:
      return "ChangeSettings(another record key)";
    case Kind::kLifetime:
      return "tokens live a seconds";
    case Kind::kLoseSessions:
      return "server forgets TLS sessions";
    case Kind::kLoseRefresh:
      return "server forgets refresh tokens";
    case Kind::kNoDate:
      return "no Date for a ms";
    case Kind::kFlashReadOnly:
      return "flash is read-only for a ms";
    case Kind::kFlashBroken:
      return "flash does not answer for a ms";
    case Kind::kNoEntropy:
      return "no entropy for a ms";
    case Kind::kFault:
      return "answers are all wrong for b ms";
  }
  return "?";
}

}  // namespace

void Print(const Event& event) {
  const std::int64_t seconds = event.at / kSecond;
  std::printf("  day %3" PRId64 " %02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64
              "  %s  [a = %" PRId64 ", b = %" PRId64 "]%s%s\n",
              event.at / kDay, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60,
              event.at % kSecond, NameOf(event.kind), event.a, event.b,
              event.kind == Kind::kTrouble ? ": " : "",
              event.kind == Kind::kTrouble ? NameOf(static_cast<Trouble>(event.a)) : "");
}

}  // namespace connect_auth::simulator
