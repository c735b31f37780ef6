// SPDX-License-Identifier: Apache-2.0
//
// The sample configuration against the table of settings, and what end-to-end tests cannot see of
// a configuration file: which setting got which value, and that messages repeat no secret.
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "platform/linux/file.h"
#include "platform/linux/given_settings.h"
#include "tests/cmocka.h"

namespace connect_auth::program {
namespace {

constexpr const char* kSample = CONNECT_AUTH_SAMPLE_CONFIGURATION;

/// A file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    const int file = ::mkstemp(path_.data());
    assert_true(file >= 0);
    assert_int_equal(::write(file, content.data(), content.size()), content.size());
    ::close(file);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/connect-auth-test-XXXXXX";
};

std::string Sample() {
  SecretBuffer content;
  assert_int_equal(ReadFile(kSample, 1 << 20, content), 0);
  return std::string(AsText(content.bytes()));
}

/// What is wrong with a file of this content; empty: nothing.
std::string Complaint(std::string_view content) {
  const TemporaryFile file(content);
  GivenSettings given;
  const Problem problem = ReadConfigurationFile(file.path(), given);
  assert_int_equal(problem.code, problem.sentence.empty() ? ExitCode::kDone : ExitCode::kUsage);
  return problem.sentence;
}

bool Mentions(const std::string& sentence, std::string_view what) {
  return sentence.find(what) != std::string::npos;
}

void sample_is_accepted_as_it_is(void**) {
  GivenSettings given;
  const Problem problem = ReadConfigurationFile(kSample, given);
  assert_string_equal(problem.sentence.c_str(), "");
  assert_true(given.has(Setting::kServerUrl));
}

void sample_names_every_setting_once_with_a_value_that_is_accepted(void**) {
  std::string all = Sample();
  // "#key = value" is a key that is commented out; a remark has a blank behind the '#'.
  for (std::size_t at = all.find("\n#"); at != std::string::npos; at = all.find("\n#", at + 1)) {
    if (all[at + 2] != ' ' && all[at + 2] != '\n') {
      all.erase(at + 1, 1);
    }
  }
  const TemporaryFile file(all);
  GivenSettings given;
  const Problem problem = ReadConfigurationFile(file.path(), given);
  assert_string_equal(problem.sentence.c_str(), "");
  for (const SettingInfo& info : kSettingTable) {
    if (!given.has(info.setting)) {
      fail_msg("%s of [%s] is missing", info.key, info.section);
    }
    if (info.fallback != nullptr && given.text(info.setting) != info.fallback) {
      fail_msg("%s of [%s] does not show its default", info.key, info.section);
    }
  }
}

void values_are_taken_whole(void**) {
  const TemporaryFile file(
      "\xEF\xBB\xBF[client]\r\nid = a ; b # c\r\nsecret=x=y:z ;\"q\"\r\n"
      "[limits]\n  timeout : 7  \n");
  GivenSettings given;
  const Problem problem = ReadConfigurationFile(file.path(), given);
  assert_string_equal(problem.sentence.c_str(), "");
  assert_true(given.text(Setting::kClientId) == "a ; b # c");
  assert_true(AsText(given.secret(Setting::kClientSecret).bytes()) == "x=y:z ;\"q\"");
  assert_true(given.text(Setting::kClientSecret).empty());
  assert_int_equal(given.number(Setting::kLimitsTimeout), 7);
  assert_int_equal(given.number(Setting::kLimitsMaxToken), 16384);
}

void complaints_name_the_line_and_what_is_accepted(void**) {
  assert_true(Mentions(Complaint("[server]\n\nurrl = x\n"), ":3: unknown key 'urrl' in [server]"));
  assert_true(Mentions(Complaint("[srv]\nurl = x\n"), ":2: unknown section 'srv'"));
  assert_true(Mentions(Complaint("url = x\n"), ":1: a key stands in front of the first section"));
  assert_true(Mentions(Complaint("[server]\nurl = x\nurl = y\n"), ":3: url stands in line 2"));
  assert_true(Mentions(Complaint("[server]\nurl =\n"), ":2: url must not be empty"));
  assert_true(Mentions(Complaint("[limits]\ntimeout = 1.5\n"), "seconds from 1 to 3600"));
  assert_true(Mentions(Complaint("[limits]\ntimeout = 3601\n"), "seconds from 1 to 3600"));
  assert_true(Mentions(Complaint("[limits]\nmax_token = 63\n"), "from 64 to 65000"));
  assert_true(Mentions(Complaint("[grant]\ntype = code\n"),
                       "must be password, authorization_code or client_credentials;"));
  assert_true(Mentions(Complaint("[daemon]\nlog = x\n"), "must be stderr or syslog;"));
  assert_true(Mentions(Complaint("[server]\nnonsense\n[srv]\nx = y\n"), ":2: neither"));
  assert_true(Mentions(Complaint("[srv]\nx = y\nnonsense\n"), ":2: unknown section"));
}

void complaints_repeat_no_secret(void**) {
  // A secret that was broken over two lines, or stands where it should not.
  for (const char* const content :
       {"[client]\nsecret = a\nPlanted123==\n", "[client]\nsecret = a\nPlanted123\n",
        "[client]\nsecret = Planted123\nsecret = Planted123\n", "[Planted123]\na = b\n",
        "[limits]\ntimeout = Planted123\n", "[grant]\ntype = Planted123\n"}) {
    const std::string complaint = Complaint(content);
    assert_false(complaint.empty());
    assert_false(Mentions(complaint, "Planted"));
  }
}

void long_line_is_taken_whole_or_refused(void**) {
  const std::string fits(8000, 'x');
  const std::string too_long(9000, 'x');
  assert_string_equal(Complaint("[client]\nsecret = " + fits + "\n").c_str(), "");
  assert_true(
      Mentions(Complaint("[client]\nsecret = " + too_long + "\n"), ":2: the line is too long"));
  assert_true(Mentions(Complaint("[client]\nsecret = " + too_long), ":2: the line is too long"));
}

}  // namespace
}  // namespace connect_auth::program

int main() {
  using namespace connect_auth::program;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
      cmocka_unit_test(sample_is_accepted_as_it_is),
      cmocka_unit_test(sample_names_every_setting_once_with_a_value_that_is_accepted),
      cmocka_unit_test(values_are_taken_whole),
      cmocka_unit_test(complaints_name_the_line_and_what_is_accepted),
      cmocka_unit_test(complaints_repeat_no_secret),
      cmocka_unit_test(long_line_is_taken_whole_or_refused),
  };
  return cmocka_run_group_tests_name("linux/configuration_file", tests, nullptr, nullptr);
}
