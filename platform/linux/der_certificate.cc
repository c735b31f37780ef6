// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/der_certificate.h"

#include <mbedtls/x509_crt.h>

#include "platform/linux/certificate_file.h"
#include "platform/linux/text.h"

namespace connect_auth::program {
namespace {

class Chain {
 public:
  Chain() { mbedtls_x509_crt_init(&first_); }
  ~Chain() { mbedtls_x509_crt_free(&first_); }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  bool Parse(ConstBytes text) {
    return mbedtls_x509_crt_parse(&first_, text.data(), text.size()) == 0;
  }
  bool is_one() const { return first_.next == nullptr; }
  ConstBytes der() const { return {first_.raw.p, first_.raw.len}; }

 private:
  mbedtls_x509_crt first_;
};

}  // namespace

Problem ReadDerCertificate(const std::string& path, SecretBuffer& into) {
  SecretBuffer text;
  Problem problem = ReadCertificates(path, Setting::kServerCaFile, text);
  if (problem.exists()) {
    return problem;
  }
  Chain chain;
  if (!chain.Parse(text.bytes())) {
    return {ExitCode::kUsage, Join({path, " holds no readable certificate; give PEM or DER"})};
  }
  if (!chain.is_one()) {
    return {ExitCode::kUsage, Join({path,
                                    " holds several certificates, but a device has room for "
                                    "one; give the root of the server's chain alone"})};
  }
  return into.Append(chain.der()) ? Problem() : NoMemory();
}

}  // namespace connect_auth::program
