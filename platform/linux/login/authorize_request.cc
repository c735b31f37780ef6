// SPDX-License-Identifier: Apache-2.0
#include "platform/linux/login/authorize_request.h"

#include <mbedtls/sha256.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "agent/encoding/base64.h"
#include "agent/encoding/byte_writer.h"
#include "agent/encoding/form.h"

namespace connect_auth::program {
namespace {

constexpr std::size_t kOctets = 32;
constexpr std::size_t kCharacters = 43;
using Octets = std::array<std::uint8_t, kOctets>;

/// Base64 of RFC 4648 section 5, without padding.
std::array<char, kCharacters> Base64Url(const Octets& octets) {
  std::array<std::uint8_t, Base64EncodedSize(kOctets)> padded{};
  EncodeBase64(octets, padded);
  std::array<char, kCharacters> text{};
  std::transform(padded.begin(), padded.begin() + kCharacters, text.begin(), [](std::uint8_t c) {
    return c == '+' ? '-' : c == '/' ? '_' : static_cast<char>(c);
  });
  Wipe(padded);
  return text;
}

void Put(std::string_view name, std::string_view value, ByteWriter& into) {
  into.Put(name);
  FormEncode(value, into);
}

void Write(const AuthorizeRequest& request, ByteWriter& into) {
  into.Put(request.server.ends_with('/') ? Part(request.server, 0, request.server.size() - 1)
                                         : request.server);
  into.Put(request.path);
  into.Put(request.path.find('?') == std::string_view::npos ? '?' : '&');
  Put("response_type=code&client_id=", request.client_id, into);
  Put("&state=", request.state.Reveal(), into);
  if (!request.redirect_uri.empty()) {
    Put("&redirect_uri=", request.redirect_uri, into);
  }
  if (!request.verifier.empty()) {
    const std::array<char, kCharacters> challenge = CodeChallenge(request.verifier);
    into.Put("&code_challenge_method=S256&code_challenge=");
    into.Put(std::string_view(challenge.data(), challenge.size()));
  }
}

}  // namespace

Problem MakeUnguessable(Entropy& entropy, SecretBuffer& into) {
  Octets octets{};
  if (entropy.Fill(octets) != Status::kOk) {
    return {ExitCode::kOther, "the kernel has no random numbers yet; try again in a moment"};
  }
  std::array<char, kCharacters> text = Base64Url(octets);
  const Bytes written(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
  const bool taken = into.Append(written);
  Wipe(octets);
  Wipe(written);
  return taken ? Problem() : NoMemory();
}

std::array<char, kCharacters> CodeChallenge(SecretView verifier) {
  Octets digest{};
  const ConstBytes octets = AsBytes(verifier.Reveal());
  // A hash over memory cannot fail: mbedTLS reports only accelerator faults here.
  static_cast<void>(mbedtls_sha256(octets.data(), octets.size(), digest.data(), 0));
  return Base64Url(digest);
}

Problem WriteAuthorizeUrl(const AuthorizeRequest& request, SecretBuffer& into) {
  ByteWriter measure({});
  Write(request, measure);
  if (!into.Reserve(measure.size())) {
    return NoMemory();
  }
  ByteWriter writer(into.room());
  Write(request, writer);
  into.Fill(writer.size());
  return {};
}

}  // namespace connect_auth::program
