// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "agent/http/ascii.h"
#include "agent/http/origin.h"
#include "platform/linux/certificate_file.h"
#include "platform/linux/file.h"
#include "platform/linux/output.h"
#include "platform/linux/text.h"
#include "platform/linux/token_store.h"

namespace connect_auth::program {
namespace {

constexpr const char* kDefaultFile = "/etc/connect-auth/connect-auth.conf";
constexpr const char* kSystemStore = "/var/lib/connect-auth";
constexpr std::array kSystemAuthorities = {"/etc/ssl/certs/ca-certificates.crt",
                                           "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
constexpr std::string_view kStandIn = "-";

Problem Missing(std::string_view what, Setting setting) {
  const SettingInfo& info = InfoOf(setting);
  return {ExitCode::kUsage,
          Join({"no ", what, " is configured; set ", info.key, " in section [", info.section,
                "] of the configuration file, or --", OptionName(info).c_str()})};
}

/// The configuration file that counts; empty: there is none.
std::string FileOf(const CommandLine& line) {
  const char* const named = std::getenv("CONNECT_AUTH_CONFIG");
  if (line.configuration_file != nullptr) {
    return line.configuration_file;
  }
  if (named != nullptr) {
    return named;
  }
  const bool missing = ::access(kDefaultFile, F_OK) != 0 && errno == ENOENT;
  return missing ? "" : kDefaultFile;
}

/// What tells this machine from others: machine-id(5), or else its name on the network.
std::string DeviceId() {
  constexpr std::size_t kMostBytes = 256;
  SecretBuffer id;
  if (ReadFile("/etc/machine-id", kMostBytes, id) == 0 && !id.empty()) {
    return std::string(AsText(id.bytes()));
  }
  std::array<char, kMostBytes> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

/// With these nobody can be asked for a token.
void LeaveOutGrant(Settings& settings) {
  settings.grant = Grant::kAuthorizationCode;
  settings.client_secret = SecretView(kStandIn);
  settings.password = SecretView();
  settings.code = SecretView();
}

void StandInForSecrets(Settings& settings) {
  const bool is_for_user = StrategyOf(settings.grant).is_for_user;
  settings.client_secret = SecretView(kStandIn);
  settings.password = is_for_user ? SecretView(kStandIn) : SecretView();
  settings.code = SecretView();
}

void StandInForIdentity(Settings& settings) {
  settings.url = "https://localhost";
  settings.client_id = kStandIn;
  settings.username = kStandIn;
}

/// Where things are stored if nobody says; empty: there is no such place.
std::string DefaultStore() {
  if (::geteuid() == 0) {
    return kSystemStore;
  }
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') {
    return Join({state, "/connect-auth"});
  }
  const char* const home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? Join({home, "/.local/state/connect-auth"})
                                           : std::string();
}

/// @param type  One of the table's choices.
Grant GrantOfType(std::string_view type) {
  for (const Grant grant : {Grant::kPassword, Grant::kAuthorizationCode}) {
    if (type == StrategyOf(grant).type) {
      return grant;
    }
  }
  return Grant::kClientCredentials;
}

bool IsEmpty(const Secret& secret) {
  return secret.given() && secret.value.empty();
}

Problem EmptyCode(const Secret& code) {
  return {ExitCode::kUsage,
          Join({"the authorisation code ", code.source, " is empty; put a code there"})};
}

}  // namespace

bool ReadGivenSettings(const CommandLine& line, GivenSettings& into) {
  const std::string file = FileOf(line);
  const bool may_be_missing =
      file.empty() || (file == kDefaultFile && ::access(kDefaultFile, R_OK) != 0);
  return (may_be_missing || !ReadConfigurationFile(file, into).exists()) &&
         !into.TakeOptions(line).exists();
}

Problem Configuration::Load(const CommandLine& line, Needs needs) {
  needs_ = needs;
  device_id_ = DeviceId();
  Problem problem = LoadGiven(line);
  if (!problem.exists() && needs != Needs::kStore) {
    problem = CheckIdentity();
  }
  if (problem.exists()) {
    return problem;
  }
  problem = LoadSecrets(given_, secrets_);
  if (needs < Needs::kTrust) {
    static_cast<void>(identity_.Load(given_));
    return {};
  }
  if (needs == Needs::kTrust) {
    problem = {};
  } else if (!problem.exists()) {
    problem = CheckSecrets();
  }
  if (!problem.exists()) {
    problem = LoadProxy();
  }
  if (!problem.exists()) {
    problem = identity_.Load(given_);
  }
  return problem.exists() ? problem : LoadAuthorities();
}

void Configuration::ForgetGrant() {
  program::ForgetGrant(secrets_);
  given_.ForgetGrant();
}

Problem Configuration::LoadGiven(const CommandLine& line) {
  Problem problem = TakeEnvironment(secrets_);
  if (problem.exists()) {
    return problem;
  }
  file_ = FileOf(line);
  if (!file_.empty()) {
    Note(Join({"reading the configuration file ", file_}));
    problem = ReadConfigurationFile(file_, given_);
  }
  if (problem.exists()) {
    return problem;
  }
  problem = given_.TakeOptions(line);
  return !problem.exists() && store_path().empty()
             ? Missing("place for the store", Setting::kStorePath)
             : problem;
}

const GrantStrategy& Configuration::grant() const {
  return StrategyOf(GrantOfType(given_.text(Setting::kGrantType)));
}

Problem Configuration::CheckIdentity() const {
  if (!given_.has(Setting::kServerUrl)) {
    return Missing("server", Setting::kServerUrl);
  }
  if (!given_.has(Setting::kClientId)) {
    return Missing("client id", Setting::kClientId);
  }
  if (grant().is_for_user && !given_.has(Setting::kGrantUsername)) {
    return Missing("username", Setting::kGrantUsername);
  }
  return {};
}

Problem Configuration::CheckSecrets() const {
  if (!secrets_.client_secret.given()) {
    return Missing("client secret", Setting::kClientSecretFile);
  }
  if (grant().is_for_user && !secrets_.password.given()) {
    return Missing("password", Setting::kGrantPasswordFile);
  }
  return IsEmpty(secrets_.code) ? EmptyCode(secrets_.code) : Problem();
}

Problem Configuration::TakeCode(const AuthorizationCode& code) {
  if (code.code.value.empty()) {
    return EmptyCode(code.code);
  }
  Problem problem = RefuseOtherCode(code.code.value.view());
  if (problem.exists()) {
    return problem;
  }
  secrets_.code.value.Clear();
  secrets_.code.source = code.code.source;
  sends_redirect_uri_ = code.with_redirect_uri;
  const bool taken = secrets_.code.value.Append(code.code.value.bytes()) &&
                     code_verifier_.Append(code.verifier.bytes());
  secrets_.code.value.Keep();
  code_verifier_.Keep();
  return taken ? Problem() : NoMemory();
}

Problem Configuration::RefuseOtherCode(SecretView code) const {
  const Secret& configured = secrets_.code;
  if (!configured.given() || configured.value.view().Reveal() == code.Reveal()) {
    return {};
  }
  return {ExitCode::kUsage,
          Join({"another authorisation code is configured ", configured.source,
                "; put the new one there, or take that out of the configuration"})};
}

Problem Configuration::LoadProxy() {
  if (!given_.has(Setting::kServerProxy)) {
    return {};
  }
  Problem problem = ParseProxy(given_.text(Setting::kServerProxy), proxy_);
  if (!problem.exists()) {
    problem = CheckNoProxy(given_.text(Setting::kServerNoProxy));
  }
  if (!problem.exists()) {
    problem = CheckProxyCredentials();
  }
  Origin origin;
  // What is wrong with the URL is for `CheckSettings` to say.
  if (ParseOrigin(given_.text(Setting::kServerUrl), origin) == Reason::kNone &&
      IsExempt(origin.host, given_.text(Setting::kServerNoProxy))) {
    proxy_ = ProxySetting();
  }
  return problem;
}

Problem Configuration::CheckProxyCredentials() const {
  const Secret& password = secrets_.proxy_password;
  if (proxy_.user.empty() && password.given()) {
    return {ExitCode::kUsage, Join({"there is a password for the proxy ", password.source,
                                    ", and no user; name the user in proxy of [server], as in "
                                    "http://USER@HOST:PORT"})};
  }
  if (!proxy_.user.empty() && password.value.empty()) {
    return Missing("password for the proxy", Setting::kServerProxyPasswordFile);
  }
  return AllAre(password.value.view().Reveal(), IsFieldCharacter)
             ? Problem()
             : Problem{ExitCode::kUsage, Join({"the password for the proxy ", password.source,
                                               " holds a control character; see whether it has a "
                                               "second line"})};
}

Proxy Configuration::proxy() const {
  return {proxy_.host, proxy_.port, proxy_.user, secrets_.proxy_password.value.view()};
}

Problem Configuration::LoadAuthorities() {
  ca_file_ = given_.text(Setting::kServerCaFile);
  for (const char* const path : kSystemAuthorities) {
    if (ca_file_.empty() && ::access(path, R_OK) == 0) {
      ca_file_ = path;
    }
  }
  if (ca_file_.empty()) {
    return Missing("CA certificate (and the system has none)", Setting::kServerCaFile);
  }
  Problem problem = ReadCertificates(ca_file_, Setting::kServerCaFile, authorities_);
  if (!problem.exists() && given_.has(Setting::kServerBackupCaFile)) {
    problem = ReadCertificates(std::string(given_.text(Setting::kServerBackupCaFile)),
                               Setting::kServerCaFile, backup_authorities_);
  }
  return problem;
}

Settings Configuration::ForAgent(ConstBytes record_key) const {
  Settings settings;
  settings.record_key = record_key;
  AddIdentity(settings);
  AddSecrets(settings);
  AddTerms(settings);
  if (needs_ == Needs::kTrust) {
    LeaveOutGrant(settings);
  }
  if (needs_ < Needs::kAll && CheckSettings(settings) != Reason::kNone) {
    StandInForSecrets(settings);
  }
  if (needs_ == Needs::kStore && CheckSettings(settings) != Reason::kNone) {
    StandInForIdentity(settings);
  }
  return settings;
}

void Configuration::AddIdentity(Settings& settings) const {
  settings.url = given_.text(Setting::kServerUrl);
  settings.token_path = given_.text(Setting::kServerTokenPath);
  settings.client_id = given_.text(Setting::kClientId);
  settings.auth_encoding = given_.text(Setting::kClientAuthEncoding) == "form"
                               ? AuthEncoding::kForm
                               : AuthEncoding::kPlain;
  settings.grant = GrantOfType(given_.text(Setting::kGrantType));
  settings.username = given_.text(Setting::kGrantUsername);
  if (sends_redirect_uri_) {
    settings.redirect_uri = given_.text(Setting::kGrantRedirectUri);
  }
  settings.device_id = AsBytes(device_id_);
}

void Configuration::AddSecrets(Settings& settings) const {
  settings.client_secret = secrets_.client_secret.value.view();
  settings.password = secrets_.password.value.view();
  settings.code = secrets_.code.value.view();
  settings.code_verifier = code_verifier_.view();
}

void Configuration::AddTerms(Settings& settings) const {
  const bool stand_in = needs_ < Needs::kTrust;
  settings.trust.authorities = stand_in ? AsBytes(kStandIn) : authorities_.bytes();
  settings.trust.backup_authorities = backup_authorities_.bytes();
  settings.trust.pins = given_.text(Setting::kServerPin);
  settings.identity = identity_.view();
  if (stand_in && !settings.identity.certificates.empty()) {
    settings.identity.key = SecretView(kStandIn);
  }
  settings.timeout = seconds(Setting::kLimitsTimeout);
  settings.connect_timeout = seconds(Setting::kLimitsConnectTimeout);
  settings.renewal_margin = seconds(Setting::kLimitsRenewalMargin);
  settings.store_gain = seconds(Setting::kStoreGain);
  settings.default_lifetime = seconds(Setting::kLimitsDefaultLifetime);
  settings.latch_wait = seconds(Setting::kLimitsRefusedWait);
  settings.least_time = kBuildDate;
  settings.renews_ahead = is_for_service();
  settings.backoff = BackoffOf(Setting::kDaemonStartSpread, Setting::kDaemonRetryPeriod);
  if (given_.text(Setting::kServerUnsetClock) == "build_date") {
    settings.trust.least_time = kBuildDate;
  }
}

BackoffPlan Configuration::BackoffOf(Setting start_spread, Setting retry_period) const {
  constexpr Millis kMost = Millis::Seconds(86400);
  const Millis period = seconds(retry_period);
  // Where a person has to act first, there is no hurry.
  const Millis slow_period = std::min(Millis{3 * period.count}, kMost);
  return {period, slow_period, seconds(start_spread)};
}

bool Configuration::file_holds_secret() const {
  return given_.has(Setting::kClientSecret) || given_.has(Setting::kGrantPassword) ||
         given_.has(Setting::kGrantCode) || given_.has(Setting::kServerProxyPassword);
}

std::string Configuration::store_path() const {
  if (!given_.has(Setting::kStorePath)) {
    return DefaultStore();
  }
  std::string path(given_.text(Setting::kStorePath));
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

std::string Configuration::key_file() const {
  if (given_.has(Setting::kStoreKeyFile)) {
    return std::string(given_.text(Setting::kStoreKeyFile));
  }
  std::string credential = CredentialPath("store_key");
  if (!credential.empty()) {
    return credential;
  }
  switch (StoreKindOf(store_path())) {
    case StoreKind::kFiles:
      return Join({store_path(), "/key"});
    case StoreKind::kImage:
      return Join({store_path(), ".key"});
    case StoreKind::kMtd:
      break;
  }
  return Join({DefaultStore(), "/key"});
}

std::size_t Configuration::max_token() const {
  return static_cast<std::size_t>(given_.number(Setting::kLimitsMaxToken));
}

}  // namespace connect_auth::program
