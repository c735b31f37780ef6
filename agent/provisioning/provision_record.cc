// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provision_record.h"

#include "agent/encoding/byte_order.h"
#include "agent/encoding/byte_writer.h"
#include "agent/provisioning/provision_fields.h"

namespace connect_auth {
namespace {

constexpr std::size_t kHeaderBytes = 3;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kMacBytes = 6;
constexpr std::size_t kLongestField = 0xFFFF;
constexpr std::int64_t kMostIpv4 = 0xFFFFFFFF;

/// Takes the fields that are there, in the order in which they are asked for.
class FieldReader {
 public:
  explicit FieldReader(ConstBytes payload) : rest_(payload) {}

  // Not inline, any of them: each is called many times.
  [[gnu::noinline]] void Octets(std::uint8_t tag, ConstBytes& into) {
    if (IsNext(tag)) {
      const auto size = static_cast<std::size_t>(GetBigEndian(rest_.subspan(1, 2)));
      into = rest_.subspan(kHeaderBytes, size);
      rest_ = rest_.subspan(kHeaderBytes + size);
    }
  }

  [[gnu::noinline]] void Text(std::uint8_t tag, std::string_view& into) {
    ConstBytes octets = AsBytes(into);
    Octets(tag, octets);
    into = AsText(octets);
  }

  void Secret(std::uint8_t tag, SecretView& into) {
    std::string_view text = into.Reveal();
    Text(tag, text);
    into = SecretView(text);
  }

  [[gnu::noinline]] void Number(std::uint8_t tag, std::int64_t& into) {
    if (!IsNext(tag)) {
      return;
    }
    ConstBytes octets;
    Octets(tag, octets);
    const std::uint64_t value =
        GetBigEndian(octets.first(octets.size() < kNumberBytes ? octets.size() : kNumberBytes));
    in_range_ = in_range_ && octets.size() == kNumberBytes && value <= INT64_MAX;
    into = static_cast<std::int64_t>(value);
  }

  template <typename Enumeration>
  void Choice(std::uint8_t tag, Enumeration& into, Enumeration last) {
    std::int64_t value = static_cast<std::int64_t>(into);
    Number(tag, value);
    in_range_ = in_range_ && value <= static_cast<std::int64_t>(last);
    into = in_range_ ? static_cast<Enumeration>(value) : into;
  }

  /// Whether all fields were known.
  bool at_end() const { return rest_.empty(); }
  bool in_range() const { return in_range_; }

 private:
  bool IsNext(std::uint8_t tag) const {
    return rest_.size() >= kHeaderBytes && rest_[0] == tag &&
           GetBigEndian(rest_.subspan(1, 2)) <= rest_.size() - kHeaderBytes;
  }

  ConstBytes rest_;
  bool in_range_ = true;
};

class FieldWriter {
 public:
  explicit FieldWriter(Bytes into) : writer_(into) {}

  void Octets(std::uint8_t tag, ConstBytes value) {
    too_long_ = too_long_ || value.size() > kLongestField;
    const Bytes header = writer_.Reserve(kHeaderBytes);
    if (!header.empty()) {
      header[0] = tag;
      PutBigEndian(value.size(), header.subspan(1));
    }
    writer_.Put(value);
  }

  void Text(std::uint8_t tag, std::string_view value) { Octets(tag, AsBytes(value)); }
  void Secret(std::uint8_t tag, SecretView value) { Text(tag, value.Reveal()); }

  void Number(std::uint8_t tag, std::int64_t value) {
    std::array<std::uint8_t, kNumberBytes> octets;
    PutBigEndian(static_cast<std::uint64_t>(value), octets);
    Octets(tag, octets);
  }

  template <typename Enumeration>
  void Choice(std::uint8_t tag, Enumeration value, Enumeration) {
    Number(tag, static_cast<std::int64_t>(value));
  }

  IoResult result() const {
    return too_long_ || writer_.overflowed() ? IoResult::Error(Status::kBufferTooSmall)
                                             : IoResult::Bytes(writer_.size());
  }

 private:
  ByteWriter writer_;
  bool too_long_ = false;
};

bool IsInRange(const Provision& provision) {
  const Provision::Network& network = provision.network;
  for (const std::int64_t address :
       {network.address, network.netmask, network.gateway, network.dns}) {
    if (address > kMostIpv4) {
      return false;
    }
  }
  return (network.mac.empty() || network.mac.size() == kMacBytes) &&
         provision.sample.period > Millis{0};
}

}  // namespace

Status DecodeProvision(ConstBytes payload, Provision& provision) {
  FieldReader reader(payload);
  VisitFields(provision, reader);
  if (!reader.at_end()) {
    return Status::kMalformed;
  }
  return reader.in_range() && IsInRange(provision) ? Status::kOk : Status::kInvalidArgument;
}

IoResult EncodeProvision(const Provision& provision, Bytes into) {
  FieldWriter writer(into);
  VisitFields(provision, writer);
  return writer.result();
}

}  // namespace connect_auth
