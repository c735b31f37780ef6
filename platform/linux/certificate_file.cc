// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/certificate_file.h"

#include <mbedtls/x509_crt.h>

#include <array>
#include <cstdint>

#include "agent/encoding/calendar.h"
#include "platform/linux/file.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kMostBytes = 4 << 20;

Problem CannotRead(const std::string& path, Setting setting, std::string_view why) {
  const bool is_own = setting == Setting::kClientTlsCertificateFile;
  return {ExitCode::kUsage,
          Join({"cannot use the ", is_own ? "client certificate" : "CA certificates", " in ", path,
                ": ", why, "; name a file that holds ", is_own ? "it" : "some", " with ",
                InfoOf(setting).key})};
}

bool LooksLikeCertificates(std::string_view content) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  constexpr char kDerSequence = 0x30;
  const std::size_t begin = content.find(kBegin);
  return begin == std::string_view::npos ? content.starts_with(kDerSequence)
                                         : content.find(kEnd, begin) != std::string_view::npos;
}

}  // namespace

Problem ReadCertificates(const std::string& path, Setting setting, SecretBuffer& into) {
  const int error = ReadFile(path, kMostBytes, into);
  if (error != 0) {
    return CannotRead(path, setting, ErrorText(error));
  }
  if (!LooksLikeCertificates(AsText(into.bytes()))) {
    return CannotRead(path, setting, "there is none in it");
  }
  return TerminatePem(into) ? Problem() : CannotRead(path, setting, "there is no memory left");
}

std::optional<UnixSeconds> EndOfValidity(ConstBytes certificates) {
  mbedtls_x509_crt chain;
  mbedtls_x509_crt_init(&chain);
  std::optional<UnixSeconds> end;
  if (mbedtls_x509_crt_parse(&chain, certificates.data(), certificates.size()) == 0) {
    const mbedtls_x509_time& to = chain.valid_to;
    const std::int64_t days = DaysOfDate({to.year, to.mon, to.day});
    end = UnixSeconds{((days * 24 + to.hour) * 60 + to.min) * 60 + to.sec};
  }
  mbedtls_x509_crt_free(&chain);
  return end;
}

bool TerminatePem(SecretBuffer& content) {
  constexpr std::array<std::uint8_t, 1> kNul{};
  const bool is_pem = AsText(content.bytes()).find("-----BEGIN ") != std::string_view::npos;
  return !is_pem || content.Append(kNul);
}

}  // namespace connect_auth::program
