// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/tls_identity.h"

#include "platform/linux/certificate_file.h"
#include "platform/linux/file.h"
#include "platform/linux/secrets.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

Problem CannotUseKey(const std::string& path, std::string_view why) {
  return {ExitCode::kUsage, Join({"cannot use the key of the client certificate in ", path, ": ",
                                  why, "; correct tls_key_file in [client]"})};
}

Problem ReadKey(const std::string& path, SecretBuffer& into) {
  constexpr std::size_t kMostBytes = 65536;
  const int error = ReadFile(path, kMostBytes, into);
  if (error != 0) {
    return CannotUseKey(path, ErrorText(error));
  }
  if (into.empty()) {
    return CannotUseKey(path, "it is empty");
  }
  const bool taken = TerminatePem(into);
  into.Keep();
  return taken ? Problem() : NoMemory();
}

}  // namespace

Problem TlsIdentity::Load(const GivenSettings& given) {
  certificate_file_ = given.text(Setting::kClientTlsCertificateFile);
  if (!certificate_file_.empty() && !given.by_option(Setting::kClientTlsKeyFile)) {
    key_file_ = CredentialPath("tls_key");
  }
  if (key_file_.empty()) {
    key_file_ = given.text(Setting::kClientTlsKeyFile);
  }
  if (certificate_file_.empty() && key_file_.empty()) {
    return {};
  }
  if (certificate_file_.empty() || key_file_.empty()) {
    const bool lacks_key = key_file_.empty();
    return {ExitCode::kUsage,
            Join({"there is a ", lacks_key ? "client certificate without its key" : "key",
                  lacks_key ? "" : " without its client certificate", "; set ",
                  lacks_key ? "tls_key_file" : "tls_certificate_file", " in [client] as well"})};
  }
  Problem problem =
      ReadCertificates(certificate_file_, Setting::kClientTlsCertificateFile, certificates_);
  return problem.exists() ? problem : ReadKey(key_file_, key_);
}

Identity TlsIdentity::view() const {
  return {certificates_.bytes(), key_.view()};
}

}  // namespace connect_auth::program
