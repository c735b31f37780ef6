// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "esp_random.h"
#include "port/entropy.h"

namespace connect_auth::esp_idf {

/// The chip's random number generator. Its numbers are unpredictable while Wi-Fi or Bluetooth runs,
/// and while the application has called bootloader_random_enable(). It cannot be asked whether that
/// is so, so the application says it.
class RadioEntropy final : public Entropy {
 public:
  constexpr RadioEntropy() = default;
  RadioEntropy(const RadioEntropy&) = delete;
  RadioEntropy& operator=(const RadioEntropy&) = delete;

  /// Says that the noise runs, or does not any more. Until then nothing is handed out.
  void SetNoisy(bool noisy) { noisy_ = noisy; }

  Status Fill(Bytes into) override {
    if (!noisy_) {
      return Status::kUnavailable;
    }
    ::esp_fill_random(into.data(), into.size());
    return Status::kOk;
  }

 private:
  bool noisy_ = false;
};

}  // namespace connect_auth::esp_idf
