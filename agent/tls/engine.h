// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "port/bytes.h"
#include "port/clock.h"
#include "port/entropy.h"
#include "port/result.h"
#include "port/status.h"

namespace connect_auth {

/// What mbedTLS needs from outside: memory, time and randomness.
///
/// Where mbedTLS was compiled with another configuration than agent/tls/mbedtls_config.h, it is
/// somebody else's as well. Then it keeps its memory and its clock, the arena is not used and may
/// be empty, and only the randomness of the agent's own comes from here.
///
/// mbedTLS reaches all three through global hooks, so one engine is started at a time in an image;
/// it serves any number of `TlsConnection`s and `RecordSealer`s. An application that uses mbedTLS
/// itself shares this engine's arena while it is started.
class Engine {
 public:
  constexpr Engine() = default;
  ~Engine() { Stop(); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Hands mbedTLS its arena, clock and random generator.
  ///
  /// @param arena           All memory that mbedTLS will ever have. Borrowed until `Stop()`; wiped
  ///                        by it. What it has to hold: the table in agent/tls/README.md.
  /// @param clock, entropy  Borrowed until `Stop()`.
  /// @return kOk                  Started.
  /// @return kFailedPrecondition  An engine is started already.
  /// @return kOutOfMemory         The arena is too small even for the random generator.
  /// @return kUnavailable         No entropy.
  Status Start(Bytes arena, const Clock& clock, Entropy& entropy);

  /// Takes everything back and wipes the arena. Harmless when not started.
  ///
  /// @pre every connection that uses the engine is closed
  void Stop();

  bool started() const { return started_; }

  /// The wall clock, without which no certificate can be judged.
  ///
  /// @return value                Seconds since 1970.
  /// @return kUnavailable         The platform does not know it.
  /// @return kFailedPrecondition  Not started.
  Result<UnixSeconds> WallTime() const;

  /// What mbedTLS is told while the clock does not know the time. Without it that is the epoch, at
  /// which no certificate is valid yet.
  ///
  /// @pre started
  void SetTimeIfUnknown(UnixSeconds time);

  /// Fills `into` from the random generator, which is seeded from the entropy port.
  ///
  /// @return kOk                  Every byte was written.
  /// @return kUnavailable         The generator wanted fresh entropy and there was none.
  /// @return kFailedPrecondition  Not started.
  Status Random(Bytes into);

  /// The most that was in use of the arena since the start, in octets from its front, gaps counted.
  /// All of it, where mbedTLS is an integrator's own.
  std::size_t arena_used() const;

  /// How many requests for memory the arena has had to refuse. mbedTLS reports many of them as
  /// something else (a certificate whose signature could not be computed is "not trusted"), so
  /// whoever fails compares this with its value from before.
  static std::size_t refused_allocations();

 private:
  Bytes arena_;
  bool started_ = false;
};

}  // namespace connect_auth
