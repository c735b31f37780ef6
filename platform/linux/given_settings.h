// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/linux/command_line.h"
#include "platform/linux/problem.h"
#include "platform/linux/secret_buffer.h"
#include "platform/linux/setting_table.h"

namespace connect_auth::program {

/// The settings that somebody gave, in the configuration file or as options; an option counts
/// before the file. Every value has been checked by the table.
class GivenSettings {
 public:
  /// Takes over a value of the configuration file.
  ///
  /// @param line  Of the file; from 1 on.
  /// @return  A problem (kUsage) that names `file`, the line and what would be accepted.
  Problem TakeFromFile(const std::string& file, unsigned line, std::string_view section,
                       std::string_view key, std::string_view value);

  /// Takes over the options.
  Problem TakeOptions(const CommandLine& line);

  bool has(Setting setting) const { return Of(setting).given; }
  bool by_option(Setting setting) const { return Of(setting).given && Of(setting).line == 0; }
  /// The given value, or the table's.
  std::string_view text(Setting setting) const;
  /// Of kSeconds and kCount.
  std::int64_t number(Setting setting) const;
  /// Of kSecret.
  const SecretBuffer& secret(Setting setting) const;
  /// Wipes what tokens are asked for with.
  void ForgetGrant();

 private:
  struct Value {
    bool given = false;
    unsigned line = 0;  // 0: an option
    std::string text;   // not of a secret
  };
  // Of the table's secrets.
  static constexpr std::size_t kSecretCount = 4;
  static std::size_t SecretIndex(Setting setting);

  Value& Of(Setting setting) { return values_[IndexOf(setting)]; }
  const Value& Of(Setting setting) const { return values_[IndexOf(setting)]; }

  std::array<Value, kSettingCount> values_;
  std::array<SecretBuffer, kSecretCount> secrets_;
};

/// Reads an INI file.
///
/// @return  A problem (kUsage): the file cannot be read, is no INI file, or holds what
///          `TakeFromFile` does not like.
Problem ReadConfigurationFile(const std::string& path, GivenSettings& into);

}  // namespace connect_auth::program
