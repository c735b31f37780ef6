// SPDX-License-Identifier: Apache-2.0
#include "agent/settings.h"

#include <array>
#include <string_view>

#include "tests/cmocka.h"
#include "tests/support/settings.h"

namespace connect_auth {
namespace {

using std::string_view_literals::operator""sv;

Settings CodeSettings() {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kAuthorizationCode;
  settings.password = SecretView();
  settings.code = SecretView("Ab3d!AAEAAK0OiDD-_x");
  return settings;
}

/// Every octet that no part of a request may carry: control characters and DEL.
constexpr std::string_view kControls =
    "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0A\x0B\x0C\x0D\x0E\x0F\x10\x11\x12\x13\x14\x15\x16\x17"
    "\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F\x7F"sv;

void settings_of_either_grant_are_accepted(void**) {
  assert_int_equal(CheckSettings(tests::PageSettings()), Reason::kNone);
  assert_int_equal(CheckSettings(CodeSettings()), Reason::kNone);
  Settings all = tests::PageSettings();
  all.client_secret = SecretView(" !\"#$%&'()*+,-./0123456789;<=>?@AZ[\\]^_`az{|}~");
  all.password = SecretView("tab\there \xC3\xA9\xF0\x9F\x94\x91");
  assert_int_equal(CheckSettings(all), Reason::kNone);
}

void settings_of_a_client_without_user_want_nothing_else(void**) {
  Settings settings = tests::PageSettings();
  settings.grant = Grant::kClientCredentials;
  settings.username = "";
  settings.password = SecretView();
  assert_int_equal(CheckSettings(settings), Reason::kNone);
  settings.client_secret = SecretView();
  assert_int_equal(CheckSettings(settings), Reason::kClientSecretEmpty);
}

#if CONNECT_AUTH_CLIENT_CERTIFICATE
void settings_want_certificate_and_key_or_neither(void**) {
  Settings settings = tests::PageSettings();
  settings.identity.certificates = AsBytes("c");
  assert_int_equal(CheckSettings(settings), Reason::kClientCertificateIncomplete);
  settings.identity.psa_key = 7;
  assert_int_equal(CheckSettings(settings), Reason::kNone);
  settings.identity = {AsBytes("c"), SecretView("k")};
  assert_int_equal(CheckSettings(settings), Reason::kNone);
  settings.identity.certificates = {};
  assert_int_equal(CheckSettings(settings), Reason::kClientCertificateIncomplete);
}
#endif

void settings_refuse_colons_in_id_and_secret(void**) {  // CFG-01, CFG-02
  Settings settings = tests::PageSettings();
  settings.client_id = "a:b";
  assert_int_equal(CheckSettings(settings), Reason::kClientIdColon);
  settings = tests::PageSettings();
  settings.client_secret = SecretView("a:b");
  assert_int_equal(CheckSettings(settings), Reason::kClientSecretColon);
}

void settings_refuse_empty_credentials(void**) {  // CFG-03, CFG-04, CFG-08
  Settings settings = tests::PageSettings();
  settings.client_id = "";
  assert_int_equal(CheckSettings(settings), Reason::kClientIdEmpty);
  settings = tests::PageSettings();
  settings.client_secret = SecretView();
  assert_int_equal(CheckSettings(settings), Reason::kClientSecretEmpty);
  settings = tests::PageSettings();
  settings.username = "";
  assert_int_equal(CheckSettings(settings), Reason::kUsernameEmpty);
  settings = tests::PageSettings();
  settings.password = SecretView();
  assert_int_equal(CheckSettings(settings), Reason::kPasswordEmpty);
}

void settings_do_without_a_code(void**) {  // It may have brought a refresh token.
  Settings settings = CodeSettings();
  settings.code = SecretView();
  assert_int_equal(CheckSettings(settings), Reason::kNone);
}

void settings_refuse_control_characters_everywhere(void**) {  // CFG-05, CFG-07
  for (const char control : kControls) {
    const std::array<char, 3> text = {'a', control, 'b'};
    const std::string_view value(text.data(), text.size());
    Settings settings = tests::PageSettings();
    settings.client_id = value;
    assert_int_equal(CheckSettings(settings), Reason::kClientIdCharacter);
    settings = tests::PageSettings();
    settings.client_secret = SecretView(value);
    assert_int_equal(CheckSettings(settings), Reason::kClientSecretCharacter);
    settings = tests::PageSettings();
    settings.username = value;
    assert_int_equal(CheckSettings(settings), Reason::kUsernameCharacter);
    settings = tests::PageSettings();
    settings.password = SecretView(value);
    assert_int_equal(CheckSettings(settings), Reason::kPasswordCharacter);
    settings = CodeSettings();
    settings.code = SecretView(value);
    assert_int_equal(CheckSettings(settings), Reason::kCodeCharacter);
    settings = CodeSettings();
    settings.redirect_uri = value;
    assert_int_equal(CheckSettings(settings), Reason::kRedirectUriCharacter);
    settings = CodeSettings();
    settings.code_verifier = SecretView(value);
    assert_int_equal(CheckSettings(settings), Reason::kCodeCharacter);
  }
  Settings tab = tests::PageSettings();
  tab.client_id = "a\tb";
  assert_int_equal(CheckSettings(tab), Reason::kClientIdCharacter);
  Settings blank = CodeSettings();
  blank.redirect_uri = "https://a b";
  assert_int_equal(CheckSettings(blank), Reason::kRedirectUriCharacter);
}

void settings_refuse_non_ascii_in_id_and_secret_and_bad_utf8_elsewhere(void**) {  // CFG-06, CFG-07
  Settings settings = tests::PageSettings();
  settings.client_id = "\xC3\xA4";
  assert_int_equal(CheckSettings(settings), Reason::kClientIdCharacter);
  settings = tests::PageSettings();
  settings.client_secret = SecretView("123\xC2\xA3");
  assert_int_equal(CheckSettings(settings), Reason::kClientSecretCharacter);
  for (const std::string_view wrong : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xC3"}) {
    settings = tests::PageSettings();
    settings.username = wrong;
    assert_int_equal(CheckSettings(settings), Reason::kUsernameCharacter);
    settings = tests::PageSettings();
    settings.password = SecretView(wrong);
    assert_int_equal(CheckSettings(settings), Reason::kPasswordCharacter);
  }
}

void settings_refuse_urls_and_paths_that_are_not_an_https_origin(void**) {  // CFG-09
  Settings settings = tests::PageSettings();
  settings.url = "http://server.domain.tld";
  assert_int_equal(CheckSettings(settings), Reason::kUrlNotHttps);
  settings.url = "https://u:p@server.domain.tld";
  assert_int_equal(CheckSettings(settings), Reason::kUrlMalformed);
  settings.url = "https://server.domain.tld/Connect/api/token";
  assert_int_equal(CheckSettings(settings), Reason::kUrlHasPath);
  for (const std::string_view path : {"", "token", "/a b", "/a\r\nHost: x", "/a#f"}) {
    settings = tests::PageSettings();
    settings.token_path = path;
    assert_int_equal(CheckSettings(settings), Reason::kTokenPathMalformed);
  }
}

void settings_refuse_a_password_beside_a_code(void**) {  // CFG-10
  Settings settings = CodeSettings();
  settings.password = SecretView("1");
  assert_int_equal(CheckSettings(settings), Reason::kAmbiguousGrant);
  settings.grant = Grant::kPassword;
  assert_int_equal(CheckSettings(settings), Reason::kAmbiguousGrant);
}

void settings_refuse_missing_authorities_and_malformed_pins(void**) {
  Settings settings = tests::PageSettings();
  settings.trust.authorities = {};
  assert_int_equal(CheckSettings(settings), Reason::kNoAuthorities);
  settings = tests::PageSettings();
  for (const std::string_view wrong :
       {"sha256//", "sha1//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "rubbish",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;x",
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAA="}) {
    settings.trust.pins = wrong;
    assert_int_equal(CheckSettings(settings),
                     wrong.ends_with("=;") ? Reason::kNone : Reason::kPinMalformed);
  }
}

void settings_refuse_periods_that_are_too_long(void**) {
  constexpr Millis kTooLong = Millis::Seconds(31L * 86400);
  Settings of[5] = {tests::PageSettings(), tests::PageSettings(), tests::PageSettings(),
                    tests::PageSettings(), tests::PageSettings()};
  of[0].store_gain = kTooLong;
  of[1].backoff.period = kTooLong;
  of[2].backoff.slow_period = kTooLong;
  of[3].backoff.boot_spread = kTooLong;
  of[4].latch_wait = kTooLong;
  for (const Settings& settings : of) {
    assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
  }
}

void settings_refuse_times_out_of_range_and_keys_of_another_size(void**) {
  constexpr Millis kTimes[] = {Millis{0}, Millis{-1}, Millis{999}, Millis::Seconds(100000)};
  for (const Millis time : kTimes) {
    Settings settings = tests::PageSettings();
    settings.timeout = time;
    assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
    settings = tests::PageSettings();
    settings.connect_timeout = time;
    assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
    settings = tests::PageSettings();
    settings.default_lifetime = time;
    assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
  }
  Settings settings = tests::PageSettings();
  settings.renewal_margin = Millis{-1};
  assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
  settings.renewal_margin = Millis{0};
  assert_int_equal(CheckSettings(settings), Reason::kNone);
  for (const Millis time : {Millis{-1}, Millis{60001}}) {
    settings.keep_alive = time;
    assert_int_equal(CheckSettings(settings), Reason::kDurationOutOfRange);
  }
  settings.keep_alive = Millis{0};
  assert_int_equal(CheckSettings(settings), Reason::kNone);
  constexpr std::array<std::uint8_t, Settings::kRecordKeyBytes + 1> kKey{};
  settings.record_key = kKey;
  assert_int_equal(CheckSettings(settings), Reason::kRecordKeySize);
  settings.record_key = ConstBytes(kKey).first(Settings::kRecordKeyBytes);
  assert_int_equal(CheckSettings(settings), Reason::kNone);
}

}  // namespace
}  // namespace connect_auth

int main() {
  using namespace connect_auth;  // NOLINT: the tests are in its unnamed namespace
  const CMUnitTest tests[] = {
    cmocka_unit_test(settings_of_either_grant_are_accepted),
    cmocka_unit_test(settings_of_a_client_without_user_want_nothing_else),
#if CONNECT_AUTH_CLIENT_CERTIFICATE
    cmocka_unit_test(settings_want_certificate_and_key_or_neither),
#endif
    cmocka_unit_test(settings_refuse_colons_in_id_and_secret),
    cmocka_unit_test(settings_refuse_empty_credentials),
    cmocka_unit_test(settings_do_without_a_code),
    cmocka_unit_test(settings_refuse_control_characters_everywhere),
    cmocka_unit_test(settings_refuse_non_ascii_in_id_and_secret_and_bad_utf8_elsewhere),
    cmocka_unit_test(settings_refuse_urls_and_paths_that_are_not_an_https_origin),
    cmocka_unit_test(settings_refuse_a_password_beside_a_code),
    cmocka_unit_test(settings_refuse_missing_authorities_and_malformed_pins),
    cmocka_unit_test(settings_refuse_periods_that_are_too_long),
    cmocka_unit_test(settings_refuse_times_out_of_range_and_keys_of_another_size),
  };
  return cmocka_run_group_tests_name("agent/settings", tests, nullptr, nullptr);
}
