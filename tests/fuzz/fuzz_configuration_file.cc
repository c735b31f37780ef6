// SPDX-License-Identifier: Apache-2.0
//
// Whatever is accepted of a configuration file has the range that the table says, and written out
// again reads as the same. A message is one line and repeats nothing that may be a secret.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "platform/linux/given_settings.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::program {
namespace {

using fuzz::Check;

/// A text that no message may hold, wherever in a file it stands: the dictionary has it.
constexpr std::string_view kCanary = "C4n4ry";

/// A file in memory.
class File {
 public:
  explicit File(std::string_view content) : file_(::memfd_create("configuration", MFD_CLOEXEC)) {
    Check(::write(file_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
          "a file can be written");
  }
  ~File() { ::close(file_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

std::string_view ValueOf(const GivenSettings& given, const SettingInfo& info) {
  return info.kind == SettingKind::kSecret ? AsText(given.secret(info.setting).bytes())
                                           : given.text(info.setting);
}

void CheckValue(const GivenSettings& given, const SettingInfo& info) {
  const std::string_view value = ValueOf(given, info);
  Check(
      !value.empty() && value.find_first_of(std::string_view("\0\n", 2)) == std::string_view::npos,
      "a value is a piece of a line");
  if (info.kind == SettingKind::kSeconds || info.kind == SettingKind::kCount) {
    const std::int64_t number = given.number(info.setting);
    Check(number >= info.least && number <= info.most, "a number is within its range");
  }
}

std::string Written(const GivenSettings& given) {
  std::string text;
  for (const SettingInfo& info : kSettingTable) {
    if (given.has(info.setting)) {
      CheckValue(given, info);
      text.append("[").append(info.section).append("]\n");
      text.append(info.key).append(" = ").append(ValueOf(given, info)).append("\n");
    }
  }
  return text;
}

void CheckMessage(const Problem& problem) {
  Check(problem.code == ExitCode::kUsage && !problem.sentence.empty(), "a problem is told");
  Check(std::all_of(problem.sentence.begin(), problem.sentence.end(),
                    [](char c) { return c >= ' ' && c <= '~'; }),
        "on one line");
  Check(problem.sentence.find(kCanary) == std::string::npos, "without what may be a secret");
}

void CheckRoundTrip(const GivenSettings& given) {
  const std::string text = Written(given);
  const File file(text);
  GivenSettings again;
  Check(!ReadConfigurationFile(file.path(), again).exists(), "what is written is read");
  Check(Written(again) == text, "as the same");
}

}  // namespace
}  // namespace connect_auth::program

namespace connect_auth::fuzz {

void Run(ConstBytes octets) {
  using namespace connect_auth::program;
  const File file(AsText(octets));
  GivenSettings given;
  const Problem problem = ReadConfigurationFile(file.path(), given);
  if (problem.exists()) {
    CheckMessage(problem);
  } else {
    CheckRoundTrip(given);
  }
}

}  // namespace connect_auth::fuzz
