// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "port/bytes.h"
#include "port/entropy.h"
#include "port/storage.h"

namespace connect_auth::smartfusion2 {

/// Randomness from a secret seed that is replaced at every start, before anything is drawn from it
/// (compare NIST SP 800-90A section 8.6, and MBEDTLS_ENTROPY_NV_SEED):
///
///     next   = SHA-256("next" | device key | seed | extra), stored in place of the seed
///     now    = SHA-256("now"  | device key | seed | extra)
///     output = SHA-256("out"  | device key | now | counter)
///
/// So no output comes twice, unless an old image of the flash, or an empty one with the first seed,
/// is put back together with an old `extra`. It cannot be foretold by who reads the flash but not
/// the device key. Who has both can tell what was drawn for as long as the seed before is still
/// there: a log in flash has its older records until their block is erased.
///
/// Within a boot the state does not move on: who reads the memory, and knows the device key, can
/// tell what was drawn since the start, and what will be until the next. Nothing is mixed in
/// meanwhile.
///
/// The M2S010 has no source of its own that software can read. Security ("S") variants are said to
/// have a random bit generator among their system services (COMM_BLK, UG0450). That was not
/// verified, and QEMU lacks it: no driver is here. Where the FPGA fabric has ring oscillators, or a
/// secure element is on the board, put their octets into `extra`. What it holds without them, the
/// clock's ticks since the start, is not counted on.
class SeedEntropy final : public Entropy {
 public:
  static constexpr std::size_t kBytes = 32;
  /// Of the record with the seed.
  static constexpr std::string_view kName = "seed";

  constexpr SeedEntropy() = default;
  ~SeedEntropy() { Wipe(now_); }
  SeedEntropy(const SeedEntropy&) = delete;
  SeedEntropy& operator=(const SeedEntropy&) = delete;

  /// Replaces the seed in storage, and is ready to give.
  ///
  /// @param storage     Borrowed during the call.
  /// @param device_key  Secret. Borrowed for the life of this object.
  /// @param first_seed  For a storage without a seed: kBytes octets that no other device has, and
  ///                    this one only once. Need not be secret. Borrowed during the call.
  /// @param extra       Whatever varies from start to start. Borrowed during the call.
  /// @return kOk           `Fill` works.
  /// @return kUnavailable  The seed could not be read, or its successor not be stored: `Fill`
  ///                       fails.
  Status Start(Storage& storage, ConstBytes device_key, ConstBytes first_seed, ConstBytes extra);

  Status Fill(Bytes into) override;

 private:
  ConstBytes device_key_;
  std::array<std::uint8_t, kBytes> now_{};
  std::uint32_t drawn_ = 0;
  bool started_ = false;
};

}  // namespace connect_auth::smartfusion2
