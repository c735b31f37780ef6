// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/given_settings.h"

#include <algorithm>

#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

/// Whether a name may be repeated in a message. Anything else could be a piece of a secret that
/// was broken over two lines.
bool LooksLikeName(std::string_view text) {
  constexpr std::size_t kLongest = 20;
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || c == '_';
         });
}

std::string Quoted(std::string_view name) {
  return LooksLikeName(name) ? Join({" '", name, "'"}) : std::string();
}

const SettingInfo* Find(std::string_view section, std::string_view key) {
  for (const SettingInfo& info : kSettingTable) {
    if (section == info.section && key == info.key) {
      return &info;
    }
  }
  return nullptr;
}

std::string KeysOf(std::string_view section) {
  std::string keys;
  for (const SettingInfo& info : kSettingTable) {
    if (section == info.section) {
      keys.append(keys.empty() ? "" : ", ").append(info.key);
    }
  }
  return keys;
}

Problem AtLine(const std::string& file, unsigned line, std::string_view what) {
  return {ExitCode::kUsage, Join({file, ":", Decimal(line), ": ", what})};
}

std::string UnknownKey(std::string_view section, std::string_view key) {
  const std::string keys = KeysOf(section);
  if (section.empty()) {
    return "a key stands in front of the first section; begin with [server]";
  }
  if (keys.empty()) {
    return Join({"unknown section", Quoted(section),
                 "; there are [server], [client], [grant], [store], [limits], [daemon], "
                 "[forward] and [device]"});
  }
  return Join({"unknown key", Quoted(key), " in [", section, "]; it takes ", keys});
}

bool IsChoice(const SettingInfo& info, std::string_view value) {
  return std::any_of(info.choices.begin(), info.choices.end(),
                     [value](const char* choice) { return choice != nullptr && value == choice; });
}

/// `one, another or a third`
std::string ChoicesOf(const SettingInfo& info) {
  const bool has_third = info.choices[2] != nullptr;
  return has_third ? Join({info.choices[0], ", ", info.choices[1], " or ", info.choices[2]})
                   : Join({info.choices[0], " or ", info.choices[1]});
}

/// @return  What is accepted, as the end of a sentence; empty: the value is.
std::string Objection(const SettingInfo& info, std::string_view value) {
  if (value.empty()) {
    return "must not be empty; leave it out or give it a value";
  }
  switch (info.kind) {
    case SettingKind::kText:
    case SettingKind::kSecret:
      return {};
    case SettingKind::kChoice:
      return IsChoice(info, value)
                 ? std::string()
                 : Join({"must be ", ChoicesOf(info), "; correct it and try again"});
    case SettingKind::kSeconds:
    case SettingKind::kCount:
      break;
  }
  if (ParseNumber(value, info.least, info.most).ok()) {
    return {};
  }
  return Join({"must be a whole number ",
               info.kind == SettingKind::kSeconds ? "of seconds from " : "from ",
               Decimal(info.least), " to ", Decimal(info.most), "; correct it and try again"});
}

}  // namespace

std::size_t GivenSettings::SecretIndex(Setting setting) {
  return setting == Setting::kClientSecret    ? 0
         : setting == Setting::kGrantPassword ? 1
         : setting == Setting::kGrantCode     ? 2
                                              : 3;
}

Problem GivenSettings::TakeFromFile(const std::string& file, unsigned line,
                                    std::string_view section, std::string_view key,
                                    std::string_view value) {
  const SettingInfo* const info = Find(section, key);
  if (info == nullptr) {
    return AtLine(file, line, UnknownKey(section, key));
  }
  Value& into = Of(info->setting);
  if (into.given) {
    return AtLine(
        file, line,
        Join({key, " stands in line ", Decimal(into.line), " already; remove one of them"}));
  }
  const std::string objection = Objection(*info, value);
  if (!objection.empty()) {
    return AtLine(file, line, Join({key, " ", objection}));
  }
  into.given = true;
  into.line = line;
  if (info->kind != SettingKind::kSecret) {
    into.text = value;
    return {};
  }
  SecretBuffer& secret = secrets_[SecretIndex(info->setting)];
  const bool taken = secret.Append(AsBytes(value));
  secret.Keep();
  return taken ? Problem() : NoMemory();
}

Problem GivenSettings::TakeOptions(const CommandLine& line) {
  for (const SettingInfo& info : kSettingTable) {
    const char* const value = line.settings[IndexOf(info.setting)];
    if (value == nullptr) {
      continue;
    }
    const std::string objection = Objection(info, value);
    if (!objection.empty()) {
      return {ExitCode::kUsage, Join({"--", OptionName(info).c_str(), " ", objection})};
    }
    Of(info.setting) = {true, 0, value};
  }
  return {};
}

std::string_view GivenSettings::text(Setting setting) const {
  const char* const fallback = InfoOf(setting).fallback;
  if (has(setting)) {
    return Of(setting).text;
  }
  return fallback != nullptr ? std::string_view(fallback) : std::string_view();
}

std::int64_t GivenSettings::number(Setting setting) const {
  const SettingInfo& info = InfoOf(setting);
  return ParseNumber(text(setting), info.least, info.most).value_or(info.least);
}

const SecretBuffer& GivenSettings::secret(Setting setting) const {
  return secrets_[SecretIndex(setting)];
}

void GivenSettings::ForgetGrant() {
  for (const Setting setting :
       {Setting::kClientSecret, Setting::kGrantPassword, Setting::kGrantCode}) {
    secrets_[SecretIndex(setting)].Clear();
  }
}

}  // namespace connect_auth::program
