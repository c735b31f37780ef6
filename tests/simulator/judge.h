// SPDX-License-Identifier: Apache-2.0
//
// What must hold, whatever happens to the device.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "tests/simulator/script.h"

namespace connect_auth::simulator {

/// The present, as nobody in the world but the simulator knows it.
struct Moment {
  static constexpr std::int64_t kBeginS = 1767225600;  ///< 2026-01-01, in seconds since 1970.

  std::int64_t now = 0;         ///< Milliseconds since the beginning.
  std::int64_t wall_error = 0;  ///< Of the device's wall clock, in ms. 0 where it is not known.
  std::uint32_t boot = 0;
};

/// The rules. README.md says what each means, and what is excepted.
enum class Rule : std::uint8_t {
  kNone,
  kNoDeadToken,     ///< A token that is given out lives.
  kRejectedIsGone,  ///< A token that the API refused is not given out again.
  kOneFlight,       ///< No request while another waits for its answer.
  kRate,            ///< So many connections an hour.
  kRetryAfter,      ///< None before the moment that the server named.
  kLatch,           ///< Refused credentials are not sent again.
  kCodeOnce,        ///< A code is sent once.
  kKeepsToken,      ///< The present token stays until another one is there, also in storage.
  kKeepsRefresh,    ///< Likewise the refresh token.
  kRecovers,        ///< Once all is well, there is a token within a period.
  kExplains,        ///< Where there is no token there is a reason.
  kReplaysOnce,     ///< An API request is made twice at most.
  kWear,            ///< Flash is erased seldom.
  kFlash,           ///< Flash is used as its contract says.
  kSleeps,          ///< The agent is not woken for nothing.
  kEnds,            ///< What is begun is over by its deadline.
  kStatus,          ///< Only what is documented comes back.
};
const char* NameOf(Rule rule);

/// Hears of everything, and remembers the first rule that was broken.
class Judge {
 public:
  /// @param moment  Borrowed for the life of this object.
  explicit Judge(const Moment& moment) : moment_(moment) {}

  /// @param detail  For a person.
  void Break(Rule rule, std::string detail);
  bool is_broken() const { return broken_ != Rule::kNone; }
  Rule broken() const { return broken_; }
  const std::string& detail() const { return detail_; }
  std::int64_t broken_at() const { return broken_at_; }

  /// A connection is begun.
  void Connects();
  /// Something happened that is worth as many connections more within the next hour.
  void Allow(int connections);
  /// How long tokens live from now on.
  void TokensLive(std::int64_t milliseconds);

  /// The server refused these credentials, and the device heard it.
  void Refused(const std::string& credentials);
  /// They may be tried again.
  void Released() { refused_.clear(); }
  /// The server said when it wants to be asked again; 0: the device may ask whenever it likes to.
  void Told(std::int64_t until) { told_until_ = until; }
  /// A token is asked for.
  void Asks();

  /// Whether the device may not know of it, since storage does not answer.
  void SetBlind(bool blind) { blind_ = blind; }
  /// They are tried. Time that a wrong clock adds is believed by the device, as it must.
  void Tries(const std::string& credentials);

  /// The device's wall clock was set to another time.
  void WallMoved();

 private:
  static constexpr std::int64_t kLatchWait = 12 * kHour;

  void Prune();

  const Moment& moment_;
  std::deque<std::int64_t> connections_;
  std::deque<std::int64_t> allowances_;
  std::string refused_;
  std::int64_t refused_at_ = 0;
  std::int64_t least_error_ = 0;  // of the wall clock since the refusal
  std::int64_t most_error_ = 0;
  std::int64_t told_until_ = 0;
  std::int64_t lifetime_ = kHour;
  std::int64_t short_until_ = 0;  // until when the rate of shorter tokens counts
  std::int64_t shorter_ = kHour;
  bool blind_ = false;
  Rule broken_ = Rule::kNone;
  std::int64_t broken_at_ = 0;
  std::string detail_;
};

}  // namespace connect_auth::simulator
