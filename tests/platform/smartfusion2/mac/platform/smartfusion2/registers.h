// SPDX-License-Identifier: Apache-2.0
//
// In place of the board's own registers.h, for drivers that are tested on the host: a register is a
// question to a model.
#pragma once

#include <cstdint>

#include "tests/platform/smartfusion2/mac_model.h"

namespace connect_auth::smartfusion2 {

inline constexpr std::uint32_t kEmac = 0;
inline constexpr unsigned kEmacInterrupt = 12;

/// Stands for a register in expressions, as a volatile reference does.
class ModelRegister {
 public:
  explicit ModelRegister(std::uint32_t offset) : offset_(offset) {}
  ModelRegister(const ModelRegister&) = delete;

  operator std::uint32_t() const { return test::MacModel::current().Read(offset_); }
  ModelRegister& operator=(std::uint32_t value) {
    test::MacModel::current().Write(offset_, value);
    return *this;
  }

 private:
  std::uint32_t offset_;
};

inline ModelRegister Register(std::uint32_t, std::uint32_t offset) {
  return ModelRegister(offset);
}

inline std::uint32_t AddressOf(const volatile void* memory) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): only the address counts.
  return test::MacModel::current().AddressOf(const_cast<const void*>(memory));
}

inline std::uint32_t Fetch(const std::uint32_t& word) {
  test::MacModel::current().LetTimePass();
  return word;
}

inline void Put(std::uint32_t& word, std::uint32_t value) {
  word = value;
}

inline void EnableInterrupt(unsigned) {
  test::MacModel::current().EnableInterrupt();
}

}  // namespace connect_auth::smartfusion2
